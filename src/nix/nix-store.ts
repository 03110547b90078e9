/**
 * What the registry asks of Nix, in its own terms and with its own errors. Behind it a pool of connections; nothing
 * else of the server knows that there is a protocol.
 */
import { readFile } from 'node:fs/promises'
import { RegistryError } from '../core/errors.ts'
import type { ClosureNode } from '../core/plan.ts'
import { STORE_DIR, parseStorePath, type StoreHash, type StorePath } from '../core/store-path.ts'
import { ConnectionError, type NixConnection, type Request } from './connection.ts'
import { parseDerivation, type Derivation } from './derivation.ts'
import { NixError, type NixEvent } from './messages.ts'
import * as operations from './operations.ts'
import type { BuildOutcome, Missing, PathInfo, Wanted } from './operations.ts'
import { NixPool } from './pool.ts'
import type { Transport } from './transport.ts'

export type ClosurePath = ClosureNode & PathInfo

/** A path that no store has: to ask for something. */
const NOBODYS = parseStorePath(`${STORE_DIR}/${'0'.repeat(32)}-nobodys`)

export class NixStore {
  readonly #pool: NixPool

  constructor(transport: Transport) {
    this.#pool = new NixPool(transport)
  }

  /** What is connected to, for people. */
  get name(): string {
    return this.#pool.name
  }

  /** Opens a connection, so that the first question needn't. @returns Nix's version. @throws RegistryError `unavailable`. */
  connect(): Promise<string> {
    return this.#translate(() => this.#pool.connect())
  }

  /** Whether Nix answers at all. @throws RegistryError `unavailable`. */
  async ping(): Promise<void> {
    if (NOBODYS !== undefined) await this.isValid(NOBODYS)
  }

  /** The valid path with this hash, if there is one. */
  pathFromHash(hash: StoreHash): Promise<StorePath | undefined> {
    return this.#query(operations.queryPathFromHashPart(hash))
  }

  /** The hash of what a valid path holds, as Nix writes it. @throws RegistryError `unavailable` when it isn't valid. */
  async narHash(path: StorePath): Promise<string> {
    return (await this.#info(path)).narHash
  }

  isValid(path: StorePath): Promise<boolean> {
    return this.#query(operations.isValidPath(path))
  }

  /** Derivations in the store that make this path, even if it was never made. */
  derivers(path: StorePath): Promise<readonly StorePath[]> {
    return this.#query(operations.queryValidDerivers(path))
  }

  /** What would have to be done to make these valid. Asks the substituters, so it may take a while. */
  missing(wanted: readonly Wanted[]): Promise<Missing> {
    return this.#refusalIsUnavailable(() => this.#work(operations.queryMissing(wanted), () => undefined))
  }

  /** A derivation that is valid, from its text in the store. */
  async derivation(path: StorePath): Promise<Derivation> {
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new RegistryError('unavailable', `derivation vanished: ${path}`, { cause })
    })
    try {
      return parseDerivation(text)
    } catch (cause) {
      throw new RegistryError('unservable', `${path} is no derivation`, { cause })
    }
  }

  /**
   * The path and all that it needs, each once, in no particular order.
   * @throws RegistryError `unavailable` when a path isn't valid any more.
   */
  async closure(root: StorePath): Promise<readonly ClosurePath[]> {
    const found = new Map<StorePath, ClosurePath>()
    const asked = new Set<StorePath>([root])
    let level: readonly StorePath[] = [root]
    while (level.length > 0) {
      const infos = await Promise.all(level.map((path) => this.#info(path)))
      for (const info of infos) found.set(info.path, info)
      level = infos
        .flatMap(({ references }) => references)
        .filter((path) => !asked.has(path) && asked.add(path))
    }
    return [...found.values()]
  }

  /**
   * Substitutes a path.
   * @param signal gives it up.
   * @throws RegistryError `fetch-failed`, `unavailable`.
   */
  async fetch(path: StorePath, onEvent: (event: NixEvent) => void, signal?: AbortSignal): Promise<void> {
    try {
      await this.#work(operations.ensurePath(path), onEvent, signal)
    } catch (cause) {
      if (!(cause instanceof NixError)) throw cause
      throw new RegistryError('fetch-failed', `nix could not fetch ${path}`, {
        cause,
        detail: { path, reason: cause.message },
      })
    }
  }

  /** Builds an output (or fetches it, where a cache has it); `signal` gives it up. @throws RegistryError `unavailable`. */
  async build(
    derivation: StorePath,
    output: string,
    onEvent: (event: NixEvent) => void,
    signal?: AbortSignal,
  ): Promise<BuildOutcome> {
    try {
      const [outcome] = await this.#work(
        operations.buildPathsWithResults([{ derivation, output }]),
        onEvent,
        signal,
      )
      return outcome ?? { kind: 'failed', status: 'MiscFailure', message: 'Nix gave no result' }
    } catch (cause) {
      if (!(cause instanceof NixError)) throw cause
      return { kind: 'failed', status: 'MiscFailure', message: cause.message }
    }
  }

  /** Has the garbage collector heed a link that points into the store. @throws RegistryError `unavailable`. */
  addIndirectRoot(link: string): Promise<void> {
    return this.#query(operations.addIndirectRoot(link))
  }

  /** A connection that holds temporary roots; they end with it. */
  async openRoots(): Promise<TemporaryRoots> {
    const connection = await this.#translate(() => this.#pool.open())
    return new TemporaryRoots(connection, () => this.#pool.release(connection))
  }

  close(): void {
    this.#pool.close()
  }

  async #info(path: StorePath): Promise<ClosurePath> {
    const info = await this.#query(operations.queryPathInfo(path))
    if (info === undefined)
      throw new RegistryError('unavailable', `store path is not valid any more: ${path}`)
    return info
  }

  async #query<T>(request: Request<T>): Promise<T> {
    return this.#refusalIsUnavailable(() => this.#translate(() => this.#pool.query(request)))
  }

  async #work<T>(request: Request<T>, onEvent: (event: NixEvent) => void, signal?: AbortSignal): Promise<T> {
    return this.#translate(() => this.#pool.work(request, onEvent, signal))
  }

  /** A question that Nix can't answer says something of Nix's state, like a damaged database. */
  async #refusalIsUnavailable<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (cause) {
      if (!(cause instanceof NixError)) throw cause
      throw new RegistryError('unavailable', `Nix could not answer: ${cause.message}`, { cause })
    }
  }

  async #translate<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (cause) {
      if (!(cause instanceof ConnectionError)) throw cause
      throw new RegistryError('unavailable', 'Nix is not reachable', { cause })
    }
  }
}

export class TemporaryRoots {
  readonly #connection: NixConnection
  readonly #release: () => void

  constructor(connection: NixConnection, release: () => void) {
    this.#connection = connection
    this.#release = release
  }

  get isOpen(): boolean {
    return this.#connection.isOpen
  }

  /** Keeps a path, valid or not yet, from being collected until `close`. One call at a time. @throws RegistryError `unavailable`. */
  async add(path: StorePath): Promise<void> {
    try {
      await this.#connection.request(operations.addTempRoot(path))
    } catch (cause) {
      throw new RegistryError('unavailable', `Nix could not keep ${path} from being collected`, { cause })
    }
  }

  close(): void {
    this.#release()
  }
}
