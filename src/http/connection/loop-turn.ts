/**
 * Turns of the event loop for all that many clients can ask for at once: the beginning of a request, pieces of layers
 * and of request bodies. libuv accepts one connection a turn, so a client that connects behind 200 others, such as a
 * probe of /healthz, waits for 200 turns (measured: 1 to 2 s where a turn had work for all). So a turn is short, and
 * while clients connect, most turns only accept.
 */
import type { FastifyInstance } from 'fastify'

/** A turn that took longer does half as much the next time. */
const TURN_MS = 5
/** A turn begins so many requests at most that needn't wait, and so many requests and pieces (128 KB) that waited. */
const MOST = 16
/** Turns that accept, one after the other. After these the next ones only accept. */
const ACCEPTING_TURNS = 2
/** Clients that connect all the time don't keep others from being served for longer than this. */
const CONNECTING_MS = 50

const requests: (() => void)[] = []
const pieces: (() => void)[] = []
let accepted = 0
let acceptedBefore = 0
let acceptingTurns = 0
/** Requests that this turn has begun without a wait. */
let begun = 0
/** When a turn last began something that waited, by performance.now(). */
let lastBegun = 0
/** Whether it was the turn before this one, so that its length can be known. */
let hasJustBegun = false
let room = MOST
let isRunning = false

/** Begins requests at once, or where there are many, a few in each turn. Probes never wait. */
export function registerLoopTurn(app: FastifyInstance): void {
  app.server.on('connection', () => {
    accepted += 1
    run()
  })
  app.addHook('onRequest', (request, reply, done) => {
    if (takeTurn(1)) return done()
    if (request.routeOptions.config.isForProbes === true) return done()
    // Nothing is done for a client that left meanwhile.
    const begin = () => (reply.raw.closed ? reply.hijack() : done())
    void turnIn(requests).then(begin)
  })
}

/** Whether `takeTurn` has a place. */
export function hasTurn(): boolean {
  return acceptingTurns <= ACCEPTING_TURNS && requests.length === 0 && begun < room
}

/**
 * Counts a request that begins at once. Returns false if the turn has no room for it: then it has to wait.
 * @param share of the work of a request.
 */
export function takeTurn(share: number): boolean {
  if (!hasTurn()) return false
  begun += share
  run()
  return true
}

/** Waits for a turn that has room for one more piece. */
export function loopTurn(): Promise<void> {
  return turnIn(pieces)
}

function turnIn(waiting: (() => void)[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  waiting.push(resolve)
  run()
  return promise
}

function run(): void {
  if (isRunning) return
  isRunning = true
  hasJustBegun = false
  setImmediate(runTurn)
}

function runTurn(): void {
  const now = performance.now()
  if (hasJustBegun) room = now - lastBegun > TURN_MS ? Math.ceil(room / 2) : Math.min(MOST, room + 1)
  const hasAccepted = accepted !== acceptedBefore
  acceptedBefore = accepted
  acceptingTurns = hasAccepted ? acceptingTurns + 1 : 0
  begun = 0
  const isWaiting = requests.length + pieces.length > 0
  hasJustBegun = isWaiting && (acceptingTurns <= ACCEPTING_TURNS || now - lastBegun >= CONNECTING_MS)
  if (hasJustBegun) {
    lastBegun = now
    // Requests first, since their answers are short; but pieces have half of the room where there are enough.
    const first = requests.splice(0, Math.max(Math.ceil(room / 2), room - pieces.length))
    for (const begin of [...first, ...pieces.splice(0, Math.max(1, room - first.length))]) begin()
  }
  isRunning = hasAccepted || requests.length + pieces.length > 0
  if (isRunning) setImmediate(runTurn)
}
