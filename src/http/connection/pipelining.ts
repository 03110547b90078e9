/**
 * Answers the requests of a connection one after the other, as their answers have to be sent anyway (RFC 9112, section
 * 9.3.2). No container client and no browser sends a request before the answer to the one before; a client that sends
 * thousands would have all of them in work at once.
 */
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { atEnd } from './response-end.ts'

export type PipelineLimits = {
  /** Requests of one connection that wait for the one in work. Node reads up to 64 KB of them before it can stop. */
  readonly waitingOfOne: number
  /** The most waiting requests of all connections together. Each takes 7 KB. */
  readonly waiting: number
}

const LIMITS: PipelineLimits = { waitingOfOne: 100, waiting: 2000 }

/** Finds the turns of a connection. */
export type TurnsOf = (socket: Socket) => Turns

/** Returns the turns of each connection, for requests that don't reach the hook. */
export function registerPipelining(app: FastifyInstance, limits: PipelineLimits = LIMITS): TurnsOf {
  const connections = new WeakMap<Socket, Turns>()
  const turnsOf: TurnsOf = (socket) => {
    const known = connections.get(socket)
    if (known !== undefined) return known
    const turns = new Turns(socket)
    connections.set(socket, turns)
    return turns
  }
  let waiting = 0
  app.addHook('onRequest', ({ raw }, reply, done) => {
    // HTTP/2 answers in any order, and has a limit of its own.
    if (raw.httpVersionMajor > 1) return done()
    const { socket } = raw
    const turns = turnsOf(socket)
    if (turns.isBusy && (turns.waiting >= limits.waitingOfOne || waiting >= limits.waiting)) {
      reply.log.debug('too many requests on one connection: closed')
      socket.destroy()
      return reply.hijack()
    }
    const begin = () => {
      atEnd(reply.raw, () => turns.give())
      done()
    }
    if (!turns.isBusy) {
      turns.take()
      return begin()
    }
    waiting += 1
    void turns.wait().then((isMine) => {
      waiting -= 1
      return isMine ? begin() : reply.hijack()
    })
  })
  return turnsOf
}

/** The requests of one connection: one in work, and those that wait for it. */
class Turns {
  readonly #socket: Socket
  readonly #waiting: ((isMine: boolean) => void)[] = []
  #isBusy = false
  #isPaused = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.once('close', () => this.#forget())
  }

  get isBusy(): boolean {
    return this.#isBusy
  }

  get waiting(): number {
    return this.#waiting.length
  }

  take(): void {
    this.#isBusy = true
  }

  /** Waits for the requests before, and takes the turn. @returns whether the connection is still there. */
  wait(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#waiting.push(resolve)
    // No more is read than has been.
    this.#socket.pause()
    this.#isPaused = true
    return promise
  }

  give(): void {
    if (this.#socket.destroyed) this.#forget()
    const next = this.#waiting.shift()
    if (next === undefined) this.#isBusy = false
    else next(true)
    if (!this.#isPaused || this.#waiting.length > 0) return
    this.#isPaused = false
    this.#socket.resume()
  }

  #forget(): void {
    for (const tell of this.#waiting.splice(0)) tell(false)
  }
}
