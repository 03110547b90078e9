/**
 * Reports the progress of a delivery: a live table on a terminal, lines of text where standard error is something else, and
 * lines of JSON on standard output with `--json`.
 */
import type { DeliveryEvent } from '../../delivery/delivery-event.ts'
import { displayName } from '../../delivery/set/object-name.ts'
import { imageLines, onceAState } from './image-lines.ts'
import { liveTable } from './live-table.ts'
import type { ProgressSink } from './progress-sink.ts'

export type DeliveryReporter = ProgressSink & {
  /** Aborts at the first Ctrl-C or SIGTERM; a second one ends the process. */
  readonly signal: AbortSignal
}

export type ReporterFlags = { readonly json: boolean; readonly quiet?: boolean }

export function openReporter({ json, quiet = false }: ReporterFlags): DeliveryReporter {
  const stop = new AbortController()
  const onSignal = (): void =>
    stop.abort(new Error('interrupted: the same command goes on where this one stopped'))
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  const release = (): void => {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
  const sink = json
    ? jsonLines()
    : quiet
      ? silence()
      : process.stderr.isTTY
        ? liveTable(process.stderr, (line) => process.stdout.write(line))
        : textLines()
  return {
    onEvent: sink.onEvent,
    onImage: sink.onImage,
    end: sink.end,
    close: () => {
      sink.close()
      release()
    },
    signal: stop.signal,
  }
}

function jsonLines(): ProgressSink {
  const onImage = onceAState(({ name, state, errors }) => printLine({ event: 'image', name, state, errors }))
  return {
    onEvent: ({ kind, ...facts }) => printLine({ event: kind, ...facts }),
    onImage,
    end: (_, { generation, outcome, isIdle, unhealthy, remaining }) =>
      printLine({ event: 'end', generation, outcome, changed: !isIdle, unhealthy, remaining }),
    close: () => undefined,
  }
}

function printLine(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** Failures of images are all that is worth a line. */
function silence(): ProgressSink {
  return {
    onEvent: () => undefined,
    onImage: onceAState((image) => {
      if (image.state === 'failed') writeLines(imageLines(image))
    }),
    end: printEnd,
    close: () => undefined,
  }
}

function textLines(): ProgressSink {
  /** Objects that were not healthy when they were looked at. */
  const waited = new Set<string>()
  return {
    onEvent: (event) => {
      if (event.kind === 'health') {
        const name = displayName(event.name)
        if (event.health.kind !== 'current') waited.add(name)
        else if (!waited.has(name)) return
      }
      const line = lineOf(event)
      if (line !== undefined) writeLines([line])
    },
    onImage: onceAState((image) => writeLines(imageLines(image))),
    end: printEnd,
    close: () => undefined,
  }
}

function printEnd(line: string): void {
  process.stdout.write(`${line}\n`)
}

function writeLines(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`${line}\n`)
}

/** @returns nothing for what isn't worth a line, such as an object that is as it was. */
function lineOf(event: DeliveryEvent): string | undefined {
  switch (event.kind) {
    case 'planned':
    case 'stage':
      return undefined
    case 'object':
      return event.outcome === 'unchanged' ? undefined : `${event.outcome} ${displayName(event.name)}`
    case 'health':
      return `${event.health.kind} ${displayName(event.name)}: ${event.health.reason}`
    case 'note':
      return event.message
  }
}
