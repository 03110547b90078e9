/** Two servers over the same registry: one remembers its image, so it can take the short way, and one never does. */
import { setImmediate } from 'node:timers/promises'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import type { AuditEvent } from '../../../src/access/audit-event.ts'
import { createApp, type AppOptions } from '../../../src/http/app.ts'
import { tokenOf } from '../../../src/http/access/token.ts'
import { Metrics } from '../../../src/http/metrics.ts'
import type { Registry } from '../../../src/registry/registry.ts'
import { journalIn } from '../../registry/journal.ts'
import { openConnection } from '../open-connection.ts'
import { HASH, MANIFEST, NO_REFERRERS, fakeRegistry } from '../fake-registry.ts'

export type Way = {
  readonly app: FastifyInstance
  /** Returns a connection that is open. */
  readonly open: () => Promise<Socket>
  /**
   * Sends bytes on a connection of its own, and waits for so many answers.
   * @returns all that was answered, without times and the numbers of requests.
   */
  readonly answersTo: (bytes: string, count: number) => Promise<string>
  /** Lines of the log so far, without what differs by the time. */
  readonly lines: readonly object[]
  /** Samples of figures about requests and images, without times. */
  readonly figures: () => Promise<readonly string[]>
  readonly audited: readonly object[]
  /** How often an image was remembered, which is how often the short way was taken. */
  readonly recalled: () => number
}

export const TOKEN = 'a-token-that-nobody-guesses'
const ANSWERED_WITHIN_MS = 5_000

/** Ends with the test. @param isShort whether the registry remembers its image. */
export async function wayOf(
  t: Test,
  isShort: boolean,
  options: Partial<AppOptions> = {},
  manifest?: Registry['manifest'],
): Promise<Way> {
  const lines: object[] = []
  const audited: object[] = []
  let recalled = 0
  const { registry } = fakeRegistry()
  const metrics = new Metrics()
  const app = createApp(
    {
      registry: Object.assign(registry, {
        ...(manifest && { manifest }),
        recalledManifest: (...[reference, selector]: Parameters<Registry['recalledManifest']>) => {
          const isThere =
            reference.storeHash === HASH &&
            (selector.kind === 'tag' ? selector.tag === 'latest' : selector.digest === MANIFEST.digest)
          if (!isShort || !isThere) return undefined
          recalled += 1
          return MANIFEST
        },
      }),
      referrers: NO_REFERRERS,
      journal: journalIn(t),
      token: tokenOf(() => TOKEN),
      metrics,
      compression: 'none',
      wait: 'retry',
      onAudit: ({ requestId: _id, ...event }: AuditEvent) => audited.push(event),
      ...options,
    },
    pino({ level: 'debug' }, { write: (line: string) => lines.push(timeless(line)) }),
  )
  await app.listen({ port: 0, host: '127.0.0.1', listenTextResolver: () => 'listening' })
  t.teardown(() => app.close())
  const open = async () => openConnection(t, app)
  return {
    app,
    open,
    answersTo: async (bytes, count) => {
      const socket = await open()
      socket.write(bytes)
      const text = await answersOn(socket, count, bytes.startsWith('HEAD'))
      socket.destroy()
      // Lines and figures of the last answer.
      await setImmediate()
      return text
    },
    lines,
    figures: async () => {
      const { payload } = await app.inject({ url: '/metrics', headers: { host: 'localhost' } })
      return payload
        .split('\n')
        .filter((line) => /^pushless_(?:requests|request_seconds_count|sent|client|image)/.test(line))
        .filter((line) => !line.includes('metrics'))
        .toSorted()
    },
    audited,
    recalled: () => recalled,
  }
}

/** Reads until there are so many answers, or the connection ends. @param isHead whether the answers have no bodies. */
export async function answersOn(socket: Socket, count: number, isHead = false): Promise<string> {
  let text = ''
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ANSWERED_WITHIN_MS)
  const read = (chunk: Buffer) => {
    text += chunk.toString('latin1')
    if (wholeAnswers(text, isHead) >= count) resolve()
  }
  socket.on('data', read)
  socket.once('close', () => resolve())
  await promise
  socket.off('data', read)
  clearTimeout(timer)
  return text.replaceAll(/^Date: .*$/gim, 'Date:').replaceAll(/"requestId":"[^"]*"/g, '"requestId"')
}

/** How many answers have come with all of their bodies. */
function wholeAnswers(text: string, isHead: boolean): number {
  let [count, at] = [0, 0]
  for (;;) {
    const end = text.indexOf('\r\n\r\n', at)
    if (end === -1) return count
    const head = text.slice(at, end)
    const length =
      isHead || head.startsWith('HTTP/1.1 304') ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
    at = end + 4 + length
    if (at > text.length) return count
    if (!head.startsWith('HTTP/1.1 100')) count += 1
  }
}

function timeless(line: string): object {
  const { time: _time, ms, reqId, ...facts } = JSON.parse(line) as Record<string, unknown>
  return { ...facts, keys: Object.keys(JSON.parse(line) as object), ms: typeof ms, reqId: typeof reqId }
}
