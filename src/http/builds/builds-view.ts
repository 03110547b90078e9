/** A record of work as clients read it, in JSON and as events. */
import type { FollowEvent } from '../../registry/work/follow.ts'
import { gapNote } from '../../registry/work/work-log.ts'
import type { WorkRecord } from '../../registry/work/work-records.ts'
import { buildUrl } from '../error-table.ts'

/** @param remembered until when its failure is, in milliseconds since the epoch. */
export function workView(record: WorkRecord, remembered?: number): Readonly<Record<string, unknown>> {
  const { id, kind, name, path, outputs, makes, state, queued, started, ended, failure, log } = record
  // What isn't known is left out: JSON drops what is undefined.
  return {
    id,
    kind,
    name,
    path,
    outputs: kind === 'build' ? outputs : undefined,
    makes,
    state,
    queued: timeText(queued),
    started: timeText(started),
    ended: timeText(ended),
    failure:
      failure === undefined
        ? undefined
        : {
            message: failure.message,
            ...failure.facts.detail,
            rememberedUntil: timeText(remembered),
          },
    log,
    url: buildUrl(id),
  }
}

/** Server-sent events (HTML standard, section 9.2): `state`, `log` with the number of the next line as its id. */
export function eventText(event: FollowEvent): string {
  if (event.kind === 'state') return `event: state\ndata: ${JSON.stringify(workView(event.record))}\n\n`
  const data = linesOf(event).map((line) => `data: ${line}\n`)
  return `id: ${event.next}\nevent: log\n${data.join('')}\n`
}

/** The log alone. */
export function lineText(event: FollowEvent): string {
  return event.kind === 'log' ? `${linesOf(event).join('\n')}\n` : ''
}

function linesOf({ missed, lines }: Extract<FollowEvent, { kind: 'log' }>): readonly string[] {
  return missed === 0 ? lines : [gapNote(missed), ...lines]
}

function timeText(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString()
}
