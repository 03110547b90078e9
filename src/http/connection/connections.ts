/**
 * How many connections there may be, so that descriptors are left for Nix and for files. At the limit a new connection
 * takes the place of the one that has been idle for longest: kept open by a client for later, or never used. Only where
 * all are in use is a new one answered with 503.
 *
 * Node counts connections without any request yet as busy, so a server that stops closes them itself.
 */
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'
import { networkOf } from '../access/guess-limit.ts'
import { atEnd } from './response-end.ts'
import { transportOf } from './tls-server.ts'

/**
 * Descriptors that aren't for clients. Measured: 46 when idle; and a build or fetch at `nix-daemon --stdio` has four.
 */
const RESERVED_DESCRIPTORS = 128
/** The share of descriptors for clients, in a process that has very few. */
const MIN_SHARE = 0.25
/** An idle connection costs some 10 KB. Nodes of a cluster have a few each, and open them again when they need them. */
const MAX_CONNECTIONS = 4096
/** Beyond the limit, to be told so. */
const SURPLUS_CONNECTIONS = 32
/** A client sends its headers at once. */
const HEADERS_TIMEOUT_MS = 20_000
/**
 * Longer than load balancers and clients keep an idle connection (60 s), so that they close it and no request is lost.
 */
const KEEP_ALIVE_MS = 72_000
/** At the limit, how often that is logged. */
const LOG_EVERY_MS = 60_000

/** Settings of the HTTP server. */
export const CONNECTION_TIMES = {
  keepAliveTimeout: KEEP_ALIVE_MS,
  http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 5_000 },
} as const

/** @param descriptors that the process may have open; nothing where there is no limit, or none is known. */
export function connectionLimit(descriptors: number | undefined): number {
  if (descriptors === undefined) return MAX_CONNECTIONS
  const share = Math.max(descriptors - RESERVED_DESCRIPTORS, Math.floor(descriptors * MIN_SHARE))
  return Math.min(MAX_CONNECTIONS, share)
}

/** How many descriptors the process may have open (RLIMIT_NOFILE), which Node raises to its hard limit at start. */
export function descriptorLimit(): number | undefined {
  const [, known] = /^Max open files +(\d+)/m.exec(readLimits()) ?? []
  if (known !== undefined) return Number(known)
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | 'unlimited' } }
  }
  const soft = userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : undefined
}

/** The limits as Linux has them. A report of Node takes 3 ms (measured), and is for other systems. */
function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1')
  } catch {
    return ''
  }
}

/** How many connections one address may have. */
export type AddressLimit = {
  /** 0 for no limit. */
  readonly most: number
  /** Whether an address has none: a proxy's connections are those of its clients. */
  readonly isExempt: (address: string) => boolean
}

/** Counts requests that don't reach the hook. */
export type ConnectionUse = {
  /** Whether the connection is one too many, of all or of its address. */
  readonly isSurplus: (socket: Socket) => boolean
  readonly begin: (socket: Socket) => void
  readonly end: (socket: Socket) => void
}

/** @param limit of connections at once. */
export function registerConnections(
  app: FastifyInstance,
  limit: number,
  ofAddress: AddressLimit,
): ConnectionUse {
  const connections = new Connections(limit)
  const addresses = new AddressCounts(ofAddress)
  let logged = -Infinity
  app.server.maxConnections = limit + SURPLUS_CONNECTIONS
  app.server.on('connection', (socket) => {
    const isFull = connections.add(socket)
    addresses.add(socket)
    socket.once('close', () => {
      connections.remove(socket)
      addresses.remove(socket)
    })
    if (!isFull || performance.now() - logged < LOG_EVERY_MS) return
    logged = performance.now()
    app.log.warn(
      { connections: limit },
      'as many connections as there may be: the longest idle ones are closed',
    )
  })
  app.addHook('onRequest', ({ raw }, reply, done) => {
    const socket = transportOf(raw.socket)
    connections.begin(socket)
    atEnd(reply.raw, () => connections.end(socket))
    if (addresses.isSurplus(socket)) {
      reply.header('connection', 'close')
      throw new RegistryError(
        'too-many-requests',
        `this address has more than ${ofAddress.most} connections`,
        {
          brief: 'connections',
        },
      )
    }
    if (!connections.isSurplus(socket)) return done()
    reply.header('connection', 'close')
    throw new RegistryError('overloaded', 'too many connections are in use: ask again')
  })
  app.addHook('preClose', async () => connections.closeIdle())
  return {
    isSurplus: (socket) => {
      const transport = transportOf(socket)
      return addresses.isSurplus(transport) || connections.isSurplus(transport)
    },
    begin: (socket) => connections.begin(transportOf(socket)),
    end: (socket) => connections.end(transportOf(socket)),
  }
}

/** Connections by address; those beyond the limit are answered once, and closed. */
class AddressCounts {
  readonly #limit: AddressLimit
  readonly #counts = new Map<string, number>()
  /** The address that each connection counts for. */
  readonly #addresses = new Map<Socket, string>()
  readonly #surplus = new WeakSet<Socket>()

  constructor(limit: AddressLimit) {
    this.#limit = limit
  }

  add(socket: Socket): void {
    const address = networkOf(socket.remoteAddress ?? '')
    const { most, isExempt } = this.#limit
    if (most === 0 || isExempt(socket.remoteAddress ?? '')) return
    const count = (this.#counts.get(address) ?? 0) + 1
    this.#counts.set(address, count)
    this.#addresses.set(socket, address)
    if (count > most) this.#surplus.add(socket)
  }

  remove(socket: Socket): void {
    const address = this.#addresses.get(socket)
    if (address === undefined) return
    this.#addresses.delete(socket)
    const count = (this.#counts.get(address) ?? 1) - 1
    if (count === 0) this.#counts.delete(address)
    else this.#counts.set(address, count)
  }

  isSurplus(socket: Socket): boolean {
    return this.#surplus.has(socket)
  }
}

class Connections {
  readonly #limit: number
  /** Requests that go on, by connection. */
  readonly #requests = new Map<Socket, number>()
  /** The longest idle first. */
  readonly #idle = new Set<Socket>()
  readonly #surplus = new Set<Socket>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns whether there are too many. */
  add(socket: Socket): boolean {
    const [longestIdle] = this.#idle
    this.#requests.set(socket, 0)
    this.#idle.add(socket)
    if (this.#requests.size <= this.#limit) return false
    if (longestIdle === undefined) this.#surplus.add(socket)
    else {
      longestIdle.destroy()
      this.remove(longestIdle)
    }
    return true
  }

  remove(socket: Socket): void {
    this.#requests.delete(socket)
    this.#idle.delete(socket)
    this.#surplus.delete(socket)
    if (this.#requests.size <= this.#limit) this.#surplus.clear()
  }

  begin(socket: Socket): void {
    this.#count(socket, 1)
    this.#idle.delete(socket)
  }

  end(socket: Socket): void {
    if (this.#count(socket, -1) === 0) this.#idle.add(socket)
  }

  isSurplus(socket: Socket): boolean {
    return this.#surplus.has(socket)
  }

  closeIdle(): void {
    for (const socket of this.#idle) socket.destroy()
  }

  /** @returns how many go on; nothing for a connection that is gone. */
  #count(socket: Socket, change: number): number | undefined {
    const before = this.#requests.get(socket)
    if (before === undefined) return undefined
    this.#requests.set(socket, before + change)
    return before + change
  }
}
