/**
 * One connection to a Nix daemon: handshake, then one request at a time. Offers protocol 1.35 and no features, which
 * Nix 2.8 to 2.36 and Lix all speak; newer replies would differ by version. It sends no SetOptions, so that the
 * daemon's own nix.conf decides how much is built at once, from where it substitutes and for how long.
 */
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageChain } from '../../core/errors/error-chain.ts'
import { NixError, readMessages } from './messages.ts'
import type { Duplex } from './transport.ts'
import { WireReader, WireWriter } from './wire.ts'
import type { StoreEvent } from '../store.ts'

const CLIENT_MAGIC = 0x6e697863
const DAEMON_MAGIC = 0x6478696f
const MAJOR = 1
const OFFERED_MINOR = 35
/** Nix 2.8, the oldest we test: BuildPathsWithResults came with it. */
const OLDEST_MINOR = 34

/** The connection broke or talked nonsense: it can't be used again, and nothing is known of the request. */
export class ConnectionError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ConnectionError'
  }
}

export type Request<T> = {
  readonly write: (request: WireWriter) => void
  /** Sent behind what `write` wrote, in frames of the chunks' sizes, ended by an empty one. */
  readonly body?: AsyncIterable<Uint8Array>
  readonly read: (reply: WireReader) => Promise<T>
}

export class NixConnection {
  /** The daemon's own version, like `2.8.0`. */
  readonly version: string
  readonly #duplex: Duplex
  readonly #reader: WireReader
  readonly #minor: number
  #closed = false

  private constructor(duplex: Duplex, reader: WireReader, minor: number, version: string) {
    this.#duplex = duplex
    this.#reader = reader
    this.#minor = minor
    this.version = version
    // An idle connection that ends says so here, and nowhere else.
    duplex.input.once('close', () => (this.#closed = true))
  }

  /** @throws ConnectionError when what answers is no Nix daemon, or too old a one. */
  static async open(duplex: Duplex): Promise<NixConnection> {
    const reader = new WireReader(duplex.input as AsyncIterable<Uint8Array>)
    try {
      duplex.output.write(
        new WireWriter()
          .number(CLIENT_MAGIC)
          .number((MAJOR << 8) | OFFERED_MINOR)
          .bytes(),
      )
      const magic = await reader.number()
      if (magic !== DAEMON_MAGIC) throw new Error('what answers is no Nix daemon')
      const offered = await reader.number()
      const minor = Math.min(offered & 0xff, OFFERED_MINOR)
      if (offered >> 8 !== MAJOR || minor < OLDEST_MINOR) {
        throw new Error(
          `protocol ${offered >> 8}.${offered & 0xff} of the Nix daemon: 1.${OLDEST_MINOR} (Nix 2.8) or later is needed`,
        )
      }
      // No processor affinity, no reserved space: relics that must be sent.
      duplex.output.write(new WireWriter().number(0).number(0).bytes())
      const version = await reader.string()
      if (minor >= 35) await reader.number() // whether we are trusted: nothing we do needs it
      await readMessages(reader, minor, () => undefined)
      return new NixConnection(duplex, reader, minor, version)
    } catch (error) {
      const explained = explain(duplex, error)
      duplex.close()
      throw explained
    }
  }

  get isOpen(): boolean {
    return !this.#closed
  }

  /**
   * Sends a request and reads its reply.
   * @param signal closes the connection, upon which the daemon abandons the request.
   * @throws NixError when Nix failed at it, ConnectionError when the connection is lost.
   */
  async request<T>(
    { write, body, read }: Request<T>,
    onEvent: (event: StoreEvent) => void = () => undefined,
    signal?: AbortSignal,
  ): Promise<T> {
    if (this.#closed) throw new ConnectionError('connection to the Nix daemon is closed')
    const abort = () => this.close()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      signal?.throwIfAborted()
      const request = new WireWriter()
      write(request)
      this.#duplex.output.write(request.bytes())
      const heard = readMessages(this.#reader, this.#minor, onEvent)
      await (body === undefined ? heard : Promise.all([heard, sendFrames(body, this.#duplex.output)]))
      return await read(this.#reader)
    } catch (error) {
      if (error instanceof NixError) {
        // Where in the body the daemon stopped reading isn't known.
        if (body !== undefined) this.close()
        throw error
      }
      const explained = explain(this.#duplex, error)
      this.close()
      throw explained
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * Sends short questions in one piece, and reads their replies, which come in the same order.
   * @param limitMs after which the connection is closed.
   * @throws NixError when Nix failed at one, ConnectionError when the connection is lost.
   */
  async ask<T>(questions: readonly Request<T>[], limitMs: number): Promise<readonly T[]> {
    if (this.#closed) throw new ConnectionError('connection to the Nix daemon is closed')
    const replies: T[] = []
    // Not a signal with a time limit, which takes a fifth of the time of a question.
    const limit = setTimeout(() => this.close(), limitMs)
    try {
      const request = new WireWriter()
      for (const { write } of questions) write(request)
      this.#duplex.output.write(request.bytes())
      for (const { read } of questions) {
        await readMessages(this.#reader, this.#minor, () => undefined)
        replies.push(await read(this.#reader))
      }
      return replies
    } catch (error) {
      const isAnswer = error instanceof NixError
      // The replies to the other questions are still to come.
      if (isAnswer && replies.length === questions.length - 1) throw error
      const explained = isAnswer ? error : explain(this.#duplex, error)
      this.close()
      throw explained
    } finally {
      clearTimeout(limit)
    }
  }

  close(): void {
    this.#closed = true
    this.#duplex.close()
  }
}

async function sendFrames(body: AsyncIterable<Uint8Array>, output: Writable): Promise<void> {
  await pipeline(
    async function* () {
      for await (const chunk of body) {
        if (chunk.length === 0) continue
        yield new WireWriter().number(chunk.length).bytes()
        yield chunk
      }
      yield new WireWriter().number(0).bytes()
    },
    output,
    { end: false },
  )
}

function explain(duplex: Duplex, error: unknown): ConnectionError {
  const lastWords = duplex.explain()
  const message = messageChain(error)
  return new ConnectionError(lastWords === '' ? message : `${message}: ${lastWords}`, error)
}
