/**
 * Turns of the event loop for all that many clients can ask for at once: the beginning of a request, pieces of layers
 * and of request bodies. libuv accepts one connection a turn, so a client that connects behind 200 others, such as a
 * probe of /healthz, waits for 200 turns (measured: 1 to 2 s where a turn had work for all). So a turn is short, and
 * while clients connect, most turns only accept.
 */
import type { FastifyInstance } from 'fastify'

/** A turn that took longer does half as much the next time. */
const TURN_MS = 5
/** Requests and pieces of 128 KB that one turn begins at most. */
const MOST = 16
/** Clients that connect all the time don't keep others from being served for longer than this. */
const CONNECTING_MS = 50

const requests: (() => void)[] = []
const pieces: (() => void)[] = []
let accepted = 0
let acceptedBefore = 0
/** When a turn last began something, by performance.now(). */
let lastBegun = 0
/** Whether it was the turn before this one, so that its length can be known. */
let hasJustBegun = false
let room = MOST
let isRunning = false

/** Begins each request in a turn of its own or with few others. Probes don't wait. */
export function registerLoopTurn(app: FastifyInstance): void {
  app.server.on('connection', () => (accepted += 1))
  app.addHook('onRequest', async ({ routeOptions }) => {
    if (routeOptions.config.isForProbes !== true) await turnIn(requests)
  })
}

/** Waits for a turn that has room for one more piece. */
export function loopTurn(): Promise<void> {
  return turnIn(pieces)
}

function turnIn(waiting: (() => void)[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  waiting.push(resolve)
  if (!isRunning) {
    isRunning = true
    hasJustBegun = false
    setImmediate(runTurn)
  }
  return promise
}

function runTurn(): void {
  const now = performance.now()
  if (hasJustBegun) room = now - lastBegun > TURN_MS ? Math.ceil(room / 2) : Math.min(MOST, room + 1)
  const isConnecting = accepted !== acceptedBefore
  acceptedBefore = accepted
  hasJustBegun = !isConnecting || now - lastBegun >= CONNECTING_MS
  if (hasJustBegun) {
    lastBegun = now
    // Requests first, since their answers are short; but pieces have half of the room where there are enough.
    const first = requests.splice(0, Math.max(Math.ceil(room / 2), room - pieces.length))
    for (const begin of [...first, ...pieces.splice(0, Math.max(1, room - first.length))]) begin()
  }
  isRunning = requests.length + pieces.length > 0
  if (isRunning) setImmediate(runTurn)
}
