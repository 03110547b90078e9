/**
 * How much one client may have at once: requests, and bytes of answers that are under way. Its builds and fetches are
 * counted where they wait (registry/work/realise.ts), its connections where they open (connection/connections.ts).
 */
import type { FastifyInstance } from 'fastify'
import { askedBy } from '../../core/asker.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { atEnd } from '../connection/response-end.ts'
import { clientOf, limitKey } from './client.ts'

export type ClientLimits = {
  /** Requests at once; 0 for no limit, as below. */
  readonly requests: number
  /** Bytes of answers that were begun and not yet sent. Looked at when the next request begins. */
  readonly bytes: number
}

/** Called for each refusal, with what was too much. */
export type LimitListener = (what: 'requests' | 'bytes') => void

type Use = { requests: number; bytes: number }

/** How much each client has under way, by its key (see `limitKey`). */
export class ClientUses {
  readonly #limits: ClientLimits
  readonly #uses = new Map<string, Use>()

  constructor(limits: ClientLimits) {
    this.#limits = limits
  }

  /** Returns what a client has too much of for another request. */
  excess(key: string): 'requests' | 'bytes' | undefined {
    const use = this.#uses.get(key)
    return use === undefined ? undefined : excessOf(use, this.#limits)
  }

  /** Returns the use of a client that has something under way. */
  of(key: string): Use | undefined {
    return this.#uses.get(key)
  }

  begin(key: string): Use {
    const known = this.#uses.get(key)
    const use = known ?? { requests: 0, bytes: 0 }
    if (known === undefined) this.#uses.set(key, use)
    use.requests += 1
    return use
  }

  end(key: string, use: Use): void {
    use.requests -= 1
    if (use.requests === 0) this.#uses.delete(key)
  }
}

/**
 * To be called behind the hook that finds the subject, and before all others that do work.
 * @returns the uses, for requests that don't reach the hook.
 */
export function registerClientLimits(
  app: FastifyInstance,
  limits: ClientLimits,
  onRefusal: LimitListener = () => undefined,
): ClientUses {
  const uses = new ClientUses(limits)
  app.addHook('onRequest', (request, reply, done) => {
    // Probes come from the node, like much else.
    if (request.routeOptions.config.isForProbes === true) return done()
    const client = clientOf(request)
    const key = limitKey(client)
    const excess = uses.excess(key)
    if (excess !== undefined) {
      onRefusal(excess)
      return done(tooMuch(excess, limits[excess]))
    }
    const use = uses.begin(key)
    atEnd(reply.raw, () => uses.end(key, use))
    // What the request has done waits in this client's queues, and its audit lines name the request.
    const { subject, address } = client
    askedBy({ key, subject: subject.name, address, requestId: request.id }, done)
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    const length = Number(reply.getHeader('content-length') ?? 0)
    const use = uses.of(limitKey(clientOf(request)))
    if (use === undefined || request.method === 'HEAD' || !Number.isFinite(length)) return done()
    use.bytes += length
    atEnd(reply.raw, () => (use.bytes -= length))
    done()
  })
  return uses
}

function excessOf(use: Use, { requests, bytes }: ClientLimits): 'requests' | 'bytes' | undefined {
  if (requests > 0 && use.requests >= requests) return 'requests'
  return bytes > 0 && use.bytes >= bytes ? 'bytes' : undefined
}

function tooMuch(what: 'requests' | 'bytes', limit: number): RegistryError {
  return new RegistryError(
    'too-many-requests',
    what === 'requests'
      ? `this client has ${limit} requests under way, as many as it may: ask again`
      : `answers of ${limit} bytes are on their way to this client, as many as may be: ask again`,
    { brief: what },
  )
}
