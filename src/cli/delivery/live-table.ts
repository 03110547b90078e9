/**
 * The progress of a delivery on a terminal: a line for each image and object that is under way, drawn again in place. What
 * is as it should be is counted alone.
 */
import type { DeliveryEvent } from '../../delivery/delivery-event.ts'
import type { WaitedHealth } from '../../delivery/health/wait-healthy.ts'
import { displayName, keyOf } from '../../delivery/set/object-name.ts'
import { LiveLines, type Terminal } from '../display/live-lines.ts'
import { fitText } from '../display/table.ts'
import { clean, newsOf, shortName } from '../display/warm-display.ts'
import { logOf } from './image-lines.ts'
import type { ProgressSink } from './progress-sink.ts'

/** An image or an object. */
export type Row = {
  readonly name: string
  /** Such as `building`, `created` or `waiting`. */
  readonly state: string
  /** The last line of a build, or the reason why an object isn't healthy. */
  readonly detail: string
  readonly kind: 'failed' | 'active' | 'waiting' | 'done'
}

type ObjectRow = {
  readonly name: string
  readonly outcome: string
  readonly health: WaitedHealth | undefined
}

const FRAME_MS = 100
const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24
const STATE_WIDTH = 'recreated'.length
const URGENCY = ['failed', 'active', 'waiting', 'done'] as const

/** @param writeEnd takes the last line, which scripts read. */
export function liveTable(terminal: Terminal, writeEnd: (line: string) => unknown): ProgressSink {
  const images = new Map<string, Row>()
  const objects = new Map<string, ObjectRow>()
  const notes: string[] = []
  const live = new LiveLines(terminal)
  let isClosed = false
  const frame = (): readonly string[] =>
    frameOf([...images.values(), ...[...objects.values()].map(rowOf)], terminal)
  const timer = setInterval(() => live.draw(frame(), notes.splice(0)), FRAME_MS)
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    clearInterval(timer)
    live.end(frame(), notes.splice(0))
  }
  return {
    onEvent: (event) => {
      if (event.kind === 'note') notes.push(clean(event.message))
      else note(objects, event)
    },
    onImage: (progress) => {
      const { name, state, errors = [] } = progress
      const kind =
        state === 'ready' ? 'done' : state === 'queued' ? 'waiting' : state === 'failed' ? 'failed' : 'active'
      images.set(name, { name: `image ${shortName(progress)}`, state, detail: newsOf(progress), kind })
      if (state === 'failed')
        notes.push(...errors.flatMap(({ message, detail }) => [message, ...logOf(detail)]).map(clean))
    },
    end: (line) => {
      close()
      writeEnd(`${line}\n`)
    },
    close,
  }
}

function note(
  objects: Map<string, ObjectRow>,
  event: Exclude<DeliveryEvent, { readonly kind: 'note' }>,
): void {
  switch (event.kind) {
    case 'stage':
      return
    case 'planned':
      for (const { name, change } of event.objects) {
        const outcome = change === 'unchanged' ? 'unchanged' : 'waiting'
        objects.set(keyOf(name), { name: displayName(name), outcome, health: undefined })
      }
      return
    case 'object':
    case 'health': {
      const key = keyOf(event.name)
      const known = objects.get(key) ?? {
        name: displayName(event.name),
        outcome: 'waiting',
        health: undefined,
      }
      objects.set(
        key,
        event.kind === 'health' ? { ...known, health: event.health } : { ...known, outcome: event.outcome },
      )
    }
  }
}

function rowOf({ name, outcome, health }: ObjectRow): Row {
  const isHealthy = health === undefined || health.kind === 'current'
  return {
    name,
    state: outcome,
    detail: isHealthy ? '' : `${health.kind}: ${health.reason}`,
    kind:
      health?.kind === 'failed'
        ? 'failed'
        : outcome === 'waiting'
          ? 'waiting'
          : isHealthy
            ? 'done'
            : 'active',
  }
}

/** Returns the lines that are shown now: as many as fit, the most urgent first, and a line that counts all. */
export function frameOf(
  rows: readonly Row[],
  { columns = DEFAULT_COLUMNS, rows: height = DEFAULT_ROWS }: Pick<Terminal, 'columns' | 'rows'>,
): readonly string[] {
  const open = rows.filter(({ kind }) => kind !== 'done')
  const room = Math.max(1, height - 2)
  const shown = open.toSorted((a, b) => URGENCY.indexOf(a.kind) - URGENCY.indexOf(b.kind)).slice(0, room)
  const width = Math.max(0, ...shown.map(({ name }) => name.length))
  // The last column stays free: some terminals go to the next line there.
  const fit = (text: string): string => fitText(clean(text).trimEnd(), columns - 1)
  const lines = shown.map(({ name, state, detail }) =>
    fit(`${state.padEnd(STATE_WIDTH)}  ${name.padEnd(width)}  ${detail}`),
  )
  const counts = [...Map.groupBy(rows, ({ state }) => state)].map(
    ([state, members]) => `${members.length} ${state}`,
  )
  const unhealthy = rows.filter(({ kind }) => kind === 'active' || kind === 'failed').length
  return [...lines, fit([...counts, ...(unhealthy > 0 ? [`${unhealthy} not ready`] : [])].join(', '))]
}
