/**
 * Reads request bodies into memory, within one budget for all of them together. A body that takes too long is given up,
 * and where there is no room for another, the one that has been arriving for longest is: clients that send at once are
 * served beside any number of clients that don't.
 */
import { on } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'
import { loopTurn } from './loop-turn.ts'
import type { Access } from '../access/access.ts'

export type BodyLimits = {
  /** The most bytes of one body. */
  readonly bodyBytes: number
  /** The most bytes of all bodies together, also of those that are being read as manifests. */
  readonly totalBytes: number
  /** How many may arrive at once. */
  readonly arriving: number
  /** Milliseconds from the headers to the end of a body. */
  readonly deadlineMs: number
}

/** Limits for clients with the token. A whole cluster's objects fit, with all schemas; etcd takes 1.5 MB for each. */
export const TRUSTED_LIMITS: BodyLimits = {
  bodyBytes: 10_000_000,
  totalBytes: 20_000_000,
  arriving: 64,
  deadlineMs: 60_000,
}
/** Anybody else: an application's manifests. */
const GUEST_LIMITS: BodyLimits = {
  bodyBytes: 1_000_000,
  totalBytes: 10_000_000,
  arriving: 64,
  deadlineMs: 15_000,
}

export type BodiesFor = (request: FastifyRequest) => RequestBodies

type Body = { bytes: number; readonly giveUp: AbortController }

export class RequestBodies {
  readonly #limits: BodyLimits
  #bytes = 0
  /** The longest arriving first. */
  readonly #arriving = new Set<Body>()

  constructor(limits: BodyLimits) {
    this.#limits = limits
  }

  /** Bytes of all bodies that are held now. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Reads the body, and holds its room until `work` is done. A body that isn't read to its end closes its connection.
   * @param bodyBytes less than the limits allow, if given.
   * @throws RegistryError `too-large`, `too-slow`, `busy`, or `malformed` for a client that leaves; what `work` throws.
   */
  async use<T>(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (bytes: Buffer) => Promise<T>,
    bodyBytes: number = this.#limits.bodyBytes,
  ): Promise<T> {
    const body: Body = { bytes: 0, giveUp: new AbortController() }
    try {
      const limit = Math.min(bodyBytes, this.#limits.bodyBytes)
      const bytes = await this.#read(request, body, limit).catch((error: unknown) => {
        reply.header('connection', 'close')
        throw error
      })
      return await work(bytes)
    } finally {
      this.#release(body)
    }
  }

  async #read({ raw, headers }: FastifyRequest, body: Body, limit: number): Promise<Buffer> {
    const announced = Number(headers['content-length'] ?? NaN)
    if (announced > limit) throw tooLarge(limit)
    const { arriving, deadlineMs } = this.#limits
    const { giveUp } = body
    while (this.#arriving.size >= arriving) this.#giveUpLongest(body)
    this.#arriving.add(body)
    const timer = setTimeout(() => giveUp.abort(tooSlow(deadlineMs)), deadlineMs)
    const chunks: Buffer[] = []
    try {
      for await (const [chunk] of on(raw, 'data', { signal: giveUp.signal, close: ['end'] })) {
        const bytes = chunk as Buffer
        if (body.bytes + bytes.length > limit) throw tooLarge(limit)
        this.#hold(body, bytes.length)
        chunks.push(bytes)
        if (body.bytes === announced) continue
        // One chunk a turn, or sixty clients that send all they can have the event loop for themselves (1 s).
        raw.pause()
        await loopTurn()
        raw.resume()
      }
      return Buffer.concat(chunks)
    } catch (cause) {
      // Nothing more is read until the answer closes the connection.
      raw.pause()
      if (giveUp.signal.aborted) throw giveUp.signal.reason
      if (cause instanceof RegistryError) throw cause
      throw new RegistryError('malformed', 'the client left before its body was read', { cause })
    } finally {
      clearTimeout(timer)
      this.#arriving.delete(body)
    }
  }

  /** @throws RegistryError `busy` where there is no room. */
  #hold(body: Body, bytes: number): void {
    body.giveUp.signal.throwIfAborted()
    while (this.#bytes + bytes > this.#limits.totalBytes) this.#giveUpLongest(body)
    this.#bytes += bytes
    body.bytes += bytes
  }

  #release(body: Body): void {
    this.#bytes -= body.bytes
    body.bytes = 0
  }

  /** @throws RegistryError `busy` if that is `own`, or if all bodies have arrived and are being worked on. */
  #giveUpLongest(own: Body): void {
    const [longest] = this.#arriving
    if (longest === undefined || longest === own) throw busy()
    this.#arriving.delete(longest)
    this.#release(longest)
    longest.giveUp.abort(busy())
  }
}

/** The bodies of clients that may warm or import, and those of all others: neither takes the room of the other. */
export function bodiesFor(access: Access): BodiesFor {
  const trusted = new RequestBodies(TRUSTED_LIMITS)
  const guests = new RequestBodies(GUEST_LIMITS)
  return (request) => (access.has(request, 'warm') || access.has(request, 'import') ? trusted : guests)
}

function busy(): RegistryError {
  return new RegistryError('busy', 'too many bodies arrive at once: send it again')
}

function tooLarge(limit: number): RegistryError {
  return new RegistryError('too-large', `more than ${limit} bytes: send it in parts`)
}

function tooSlow(ms: number): RegistryError {
  return new RegistryError('too-slow', `the body did not arrive within ${ms / 1000} seconds`)
}
