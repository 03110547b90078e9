/**
 * Connections to Nix, kept while used. A connection serves one request at a time, so short questions share a few, and
 * each long piece of work (a build, a fetch) opens its own beside them.
 */
import { FairLimit } from '../../core/fair-limit.ts'
import { messageChain } from '../../core/errors/error-chain.ts'
import { ConnectionError, NixConnection, type Request } from './connection.ts'
import type { StoreEvent } from '../store.ts'
import { NixMissing } from '../missing-nix.ts'
import type { Transport } from './transport.ts'

/**
 * Questions at once. One connection answers 600 in 60 to 100 ms; opening a second means another process of the
 * daemon's, which takes 30 ms before it answers its first.
 */
const MAX_QUERY_CONNECTIONS = 1
/**
 * A daemon that doesn't answer a question in this time, which takes it 0.1 ms, is stuck: another connection may not be.
 */
const QUERY_LIMIT_MS = 15_000
/** An idle connection is a process of the daemon's. Short pauses between pulls shouldn't cost a new one. */
const IDLE_MS = 10 * 60_000

type Idle = { readonly connection: NixConnection; readonly timer: NodeJS.Timeout }

export class NixPool {
  readonly #transport: Transport
  readonly #limit = new FairLimit(MAX_QUERY_CONNECTIONS)
  readonly #idle: Idle[] = []
  readonly #open = new Set<NixConnection>()
  #closed = false

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** The name of the connection, for people. */
  get name(): string {
    return this.#transport.name
  }

  /**
   * A question that may be asked twice: when a kept connection turns out to be dead, it is asked again on a new one.
   * @throws NixError, ConnectionError.
   */
  async query<T>(request: Request<T>): Promise<T> {
    for (const reply of await this.queryAll([request])) return reply
    throw new Error('a connection gave no reply, and no error')
  }

  /**
   * Questions that are sent at once: each alone takes twice the processor time. So few that nobody waits long for them.
   * @returns the replies in the same order.
   * @throws as `query`.
   */
  queryAll<T>(requests: readonly Request<T>[]): Promise<readonly T[]> {
    return this.#limit.run(async () => {
      const kept = this.#take()
      if (kept !== undefined) {
        try {
          return await this.#ask(kept, requests)
        } catch (error) {
          if (!(error instanceof ConnectionError)) throw error
        }
      }
      return this.#ask(await this.open(), requests)
    })
  }

  /** Makes sure of a connection for the next question. @returns Nix's version. @throws ConnectionError. */
  connect(): Promise<string> {
    return this.#limit.run(async () => {
      const connection = this.#take() ?? (await this.open())
      this.#keep(connection)
      return connection.version
    })
  }

  /**
   * Sends a request that can't be sent twice, on a kept connection if there is one. For requests that come by the
   * hundred.
   */
  async send<T>(request: Request<T>, signal: AbortSignal): Promise<T> {
    const connection = this.#take() ?? (await this.open())
    try {
      return await connection.request(request, () => undefined, signal)
    } finally {
      this.#keep(connection)
    }
  }

  /** Long work on a connection of its own, closed afterwards; `signal` ends both. */
  async work<T>(request: Request<T>, onEvent: (event: StoreEvent) => void, signal?: AbortSignal): Promise<T> {
    const connection = await this.open()
    try {
      return await connection.request(request, onEvent, signal)
    } finally {
      this.release(connection)
    }
  }

  /** A connection of the caller's own, to be given back to `release`. */
  async open(): Promise<NixConnection> {
    if (this.#closed) throw new ConnectionError('shutting down')
    const connection = await this.#connect()
    // It may have been closed meanwhile, and then nobody else would end this one.
    if (this.#closed) {
      connection.close()
      throw new ConnectionError('shutting down')
    }
    this.#open.add(connection)
    return connection
  }

  release(connection: NixConnection): void {
    this.#open.delete(connection)
    connection.close()
  }

  close(): void {
    this.#closed = true
    for (const { timer } of this.#idle.splice(0)) clearTimeout(timer)
    for (const connection of this.#open) this.release(connection)
  }

  async #connect(): Promise<NixConnection> {
    try {
      return await NixConnection.open(await this.#transport.open())
    } catch (error) {
      if (error instanceof NixMissing) throw new ConnectionError(error.message)
      throw new ConnectionError(
        `no connection to Nix (${this.#transport.name}): ${messageChain(error)}`,
        error,
      )
    }
  }

  async #ask<T>(connection: NixConnection, requests: readonly Request<T>[]): Promise<readonly T[]> {
    try {
      return await connection.ask(requests, QUERY_LIMIT_MS)
    } finally {
      this.#keep(connection)
    }
  }

  #take(): NixConnection | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.timer)
      if (idle.connection.isOpen) return idle.connection
      this.release(idle.connection)
    }
    return undefined
  }

  #keep(connection: NixConnection): void {
    if (!connection.isOpen || this.#closed) {
      this.release(connection)
      return
    }
    const timer = setTimeout(() => {
      const at = this.#idle.findIndex((idle) => idle.connection === connection)
      if (at !== -1) this.#idle.splice(at, 1)
      this.release(connection)
    }, IDLE_MS)
    timer.unref()
    this.#idle.push({ connection, timer })
  }
}
