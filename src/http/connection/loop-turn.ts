/**
 * Turns of the event loop for work that goes on and on: pieces of layers and of request bodies. libuv accepts one
 * connection a turn, so a client that connects behind 200 downloads, such as a probe of /healthz, would wait for 200
 * turns of all of them (measured: 1 to 2 s). So a turn is short, and while clients connect, most turns are theirs.
 */
import type { FastifyInstance } from 'fastify'

/** Pieces of 128 KB and less where there are many: 5 ms. */
const PIECES = 16
/** Clients that connect all the time don't keep others from being served for longer than this. */
const CONNECTING_MS = 50

const waiting: (() => void)[] = []
let accepted = 0
let acceptedBefore = 0
let lastPieces = 0

export function registerLoopTurn(app: FastifyInstance): void {
  app.server.on('connection', () => (accepted += 1))
}

/** Waits for a turn that has room for one more piece. */
export function loopTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  waiting.push(resolve)
  if (waiting.length === 1) setImmediate(runTurn)
  return promise
}

function runTurn(): void {
  const isConnecting = accepted !== acceptedBefore
  acceptedBefore = accepted
  const now = performance.now()
  if (!isConnecting || now - lastPieces >= CONNECTING_MS) {
    lastPieces = now
    for (const start of waiting.splice(0, PIECES)) start()
  }
  if (waiting.length > 0) setImmediate(runTurn)
}
