/**
 * Responses that go on as long as the work that they tell of. A few hundred at most; one that takes nothing for a
 * minute is cut, all are when the server stops, and a client that leaves is forgotten at once.
 */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'
import type { FollowEvent } from '../../registry/work/follow.ts'
import { atEnd } from '../connection/response-end.ts'

export type FollowForm = {
  readonly contentType: string
  readonly text: (event: FollowEvent) => string
  /** Bytes that are sent while nothing happens, so that proxies keep the connection. */
  readonly keepAlive: string
  /** Bytes after the last event, which has this state. */
  readonly end: (state: string) => string
}

/** Each costs a connection and a piece of the log at a time: 100 KB. */
const MAX_FOLLOWERS = 256
const KEEP_ALIVE_MS = 15_000
const STALL_MS = 60_000

export class Followers {
  readonly #open = new Set<AbortController>()

  /** @throws RegistryError `pending` when there are too many. */
  async send(
    reply: FastifyReply,
    { contentType, text, keepAlive, end }: FollowForm,
    follow: (signal: AbortSignal) => AsyncGenerator<FollowEvent>,
  ): Promise<FastifyReply> {
    if (this.#open.size >= MAX_FOLLOWERS)
      throw new RegistryError('pending', 'too many follow builds already: ask again')
    const leaving = new AbortController()
    this.#open.add(leaving)
    reply.hijack()
    const { raw } = reply
    atEnd(raw, () => leaving.abort())
    raw.writeHead(200, {
      'content-type': contentType,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // nginx would collect the stream otherwise.
      'x-accel-buffering': 'no',
    })
    raw.flushHeaders()
    const beat = setInterval(() => {
      if (keepAlive !== '' && !raw.writableNeedDrain) raw.write(keepAlive)
    }, KEEP_ALIVE_MS)
    try {
      let state = ''
      for await (const event of follow(leaving.signal)) {
        if (event.kind === 'state') ({ state } = event.record)
        await write(raw, text(event), leaving.signal)
      }
      if (!leaving.signal.aborted) raw.end(end(state))
    } catch (error) {
      if (!leaving.signal.aborted) reply.log.debug({ err: error }, 'follower cut')
    } finally {
      clearInterval(beat)
      this.#open.delete(leaving)
      if (!raw.writableEnded) raw.destroy()
    }
    return reply
  }

  close(): void {
    for (const leaving of this.#open) leaving.abort()
  }

  get size(): number {
    return this.#open.size
  }
}

/** @throws AbortError for a client that leaves, or takes nothing for too long. */
async function write(raw: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (text === '' || raw.write(text)) return
  await once(raw, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(STALL_MS)]) })
}
