/**
 * Follows a log while it grows. A follower asks for the next lines when it has room for them, so that one that is slow
 * costs no memory and misses lines, and one that leaves is forgotten.
 */
import { EventEmitter, once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { WorkLog } from './work-log.ts'
import type { WorkRecord } from './work-records.ts'

/** An event for a follower: the state and its changes, lines of the log, and at the end the last state. */
export type FollowEvent =
  | { readonly kind: 'state'; readonly record: WorkRecord }
  | {
      readonly kind: 'log'
      readonly lines: readonly string[]
      readonly missed: number
      readonly next: number
    }

/** Work that can be followed. The record and log of finished work never change. */
export type Followed = { readonly record: WorkRecord; readonly log: WorkLog; readonly changes: Changes }

/** Between two pieces for a follower: at most 1.3 MB a second each, past which it misses lines. */
const PACE_MS = 50

/** Tells all followers that there is something new, at most once in a while, however much there is. */
export class Changes {
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  #timer: NodeJS.Timeout | undefined

  tell(): void {
    if (this.#timer !== undefined || this.#emitter.listenerCount('change') === 0) return
    this.#timer = globalThis.setTimeout(() => {
      this.#timer = undefined
      this.#emitter.emit('change')
    }, PACE_MS)
  }

  /** The next change. @throws the signal's AbortError. */
  async next(signal: AbortSignal): Promise<void> {
    await once(this.#emitter, 'change', { signal })
  }
}

export function isOver({ state }: WorkRecord): boolean {
  return state !== 'queued' && state !== 'running'
}

/** From line number `from` on, until the work is over or the signal aborts. */
export async function* follow(
  followed: Followed,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<FollowEvent> {
  let told: WorkRecord | undefined
  let next = from
  try {
    for (;;) {
      if (followed.record !== told && !isOver(followed.record)) {
        told = followed.record
        yield { kind: 'state', record: told }
      }
      const piece = followed.log.read(next)
      if (piece.lines.length > 0) {
        next = piece.next
        yield { kind: 'log', ...piece }
        await setTimeout(PACE_MS, undefined, { signal })
      } else if (isOver(followed.record)) {
        yield { kind: 'state', record: followed.record }
        return
      } else if (followed.record === told) {
        await followed.changes.next(signal)
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
