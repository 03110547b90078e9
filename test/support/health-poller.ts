/**
 * Watches a server from a process of its own: asks `GET /healthz` on a fresh connection each time, as kubelet does, and
 * reads the server's resident memory. Talks to attacked-server.ts over the channel of `fork`.
 */
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { setPriority } from 'node:os'
import { setTimeout } from 'node:timers/promises'

export type WatchFigures = {
  readonly slowestHealthMs: number
  readonly peakResidentBytes: number
  readonly polls: number
  /** Polls without the answer 200. */
  readonly failures: number
  /** How late this process itself was at most: a machine without time to spare spoils the figures. */
  readonly ownDelayMs: number
}
export type WatchCommand = 'begin' | 'end'

const PAUSE_MS = 10
const GIVE_UP_MS = 30_000
/** Nobody else's load may delay the measure; only root may say so. */
const PRIORITY = -19

const [pid = '', port = ''] = process.argv.slice(2)
let figures: WatchFigures = empty()
let isBeginning = false
let isEnding = false

try {
  setPriority(PRIORITY)
} catch {
  // Not root: measured as it is.
}
process.on('message', (command: WatchCommand) => {
  if (command === 'begin') isBeginning = true
  else isEnding = true
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
for (;;) {
  const before = performance.now()
  await setTimeout(PAUSE_MS)
  const ownDelayMs = performance.now() - before - PAUSE_MS
  // What begins during a poll begins with the next one, and waits for that.
  if (isBeginning) {
    figures = empty()
    isBeginning = false
    process.send?.('begun')
  }
  const isLast = isEnding
  const start = performance.now()
  const isWell = await ask()
  const healthMs = performance.now() - start
  figures = {
    slowestHealthMs: Math.max(figures.slowestHealthMs, healthMs),
    peakResidentBytes: Math.max(figures.peakResidentBytes, residentBytes()),
    polls: figures.polls + 1,
    failures: figures.failures + (isWell ? 0 : 1),
    ownDelayMs: Math.max(figures.ownDelayMs, ownDelayMs),
  }
  if (isLast) {
    process.send?.(figures)
    isEnding = false
  }
}

function empty(): WatchFigures {
  return { slowestHealthMs: 0, peakResidentBytes: 0, polls: 0, failures: 0, ownDelayMs: 0 }
}

async function ask(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const request = get({ host: '127.0.0.1', port, path: '/healthz', agent: false, timeout: GIVE_UP_MS })
  request.on('timeout', () => request.destroy())
  request.on('error', () => resolve(false))
  request.on('response', (response) => {
    response.resume()
    response.on('close', () => resolve(response.statusCode === 200))
  })
  return promise
}

/** 0 once the process is gone. */
function residentBytes(): number {
  try {
    const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) * 1024
  } catch {
    return 0
  }
}
