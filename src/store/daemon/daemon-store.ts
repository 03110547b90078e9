/**
 * The store of a Nix daemon. It turns the requests of the registry into the worker protocol, over a pool of
 * connections, and Nix's errors into ours. Nothing outside of this folder knows that there is a protocol.
 */
import type { Work } from '../work.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { STORE_DIR, parseStorePath, type StoreHash, type StorePath } from '../../core/nix/store-path.ts'
import { SYSTEM_STORE } from '../../core/nix/store-directory.ts'
import { readDerivation } from '../read-derivation.ts'
import { LastWords, headline, throwIfNoSpace } from '../complaints.ts'
import type { Request } from './connection.ts'
import type { Derivation } from '../../core/nix/derivation.ts'
import { lookUps } from './look-up.ts'
import { NixError } from './messages.ts'
import * as operations from './operations.ts'
import type { Addition, BuildOutcome, ClosurePath, Missing, PathInfo, Store, StoreEvent } from '../store.ts'
import { NixPool } from './pool.ts'
import { TemporaryRoots } from './temporary-roots.ts'
import type { Transport } from './transport.ts'
import { lossIsUnavailable, refusalIsUnavailable } from './unavailable.ts'

/** Paths that are asked about in one piece: the daemon answers them in 2 ms. */
const PATHS_AT_ONCE = 32
/** A path that no store has: to ask for something. */
const ABSENT_PATH = parseStorePath(`${STORE_DIR}/${'0'.repeat(32)}-nobodys`)

export class DaemonStore implements Store {
  readonly directory = SYSTEM_STORE
  readonly #pool: NixPool
  readonly #lookUp: (wanted: readonly Work[]) => Promise<Missing>

  /**
   * @param silentMs how long the binary caches may take to say what they have, if that is less than a minute; 0: a
   * minute.
   */
  constructor(transport: Transport, silentMs = 0) {
    this.#pool = new NixPool(transport)
    this.#lookUp = lookUps(
      (wanted, listen, limit) => this.#work(operations.queryMissing(wanted), listen, limit),
      silentMs,
    )
  }

  /** The name of the connection, for people. */
  get name(): string {
    return this.#pool.name
  }

  /**
   * Opens a connection, so that the first question needn't.
   * @returns Nix's version.
   * @throws RegistryError `unavailable`.
   */
  connect(): Promise<string> {
    return lossIsUnavailable(() => this.#pool.connect())
  }

  /** Whether Nix answers at all. @throws RegistryError `unavailable`. */
  async ping(): Promise<void> {
    if (ABSENT_PATH !== undefined) await this.isValid(ABSENT_PATH)
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

  /** All that Nix knows of a path; `undefined` if it isn't valid. */
  info(path: StorePath): Promise<PathInfo | undefined> {
    return this.#query(operations.queryPathInfo(path))
  }

  /** Returns the paths that are valid. */
  valid(paths: readonly StorePath[]): Promise<readonly StorePath[]> {
    return this.#query(operations.queryValidPaths(paths))
  }

  /** Derivations in the store that make this path, even if it was never made. */
  derivers(path: StorePath): Promise<readonly StorePath[]> {
    return this.#query(operations.queryValidDerivers(path))
  }

  /**
   * Plans the work that would make these valid, with Nix's warnings. Asks the binary caches, so it may take a while.
   * @throws RegistryError `lookup-failed` when one fails in a way that Nix doesn't put up with, or they take too long.
   */
  missing(wanted: readonly Work[]): Promise<Missing> {
    return this.#lookUp(wanted)
  }

  /** A derivation that is valid, from its text in the store. */
  derivation(path: StorePath): Promise<Derivation> {
    return readDerivation(this.directory, path)
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
      const infos = await this.#infos(level)
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
   * @throws RegistryError `fetch-failed`, `no-space`, `unavailable`.
   */
  async fetch(path: StorePath, onEvent: (event: StoreEvent) => void, signal?: AbortSignal): Promise<void> {
    const words = new LastWords()
    try {
      await this.#work(operations.ensurePath(path), words.alongside(onEvent), signal)
    } catch (cause) {
      if (!(cause instanceof NixError)) throw cause
      throwIfNoSpace([...words.lines, cause.message], cause, { path })
      // Nix's error says that it has no path; why it hasn't, it said before, or never when a cache lacks a reference.
      const reason = words.lastError ?? (await this.#lackOf(path)) ?? cause.message
      throw new RegistryError('fetch-failed', `nix could not fetch ${path}: ${headline(reason)}`, {
        cause,
        detail: { path, reason, log: words.lines },
      })
    }
  }

  /**
   * Builds an output (or fetches it, where a cache has it).
   * @param signal gives it up.
   * @throws RegistryError `no-space`, `unavailable`.
   */
  async build(
    derivation: StorePath,
    output: string,
    onEvent: (event: StoreEvent) => void,
    signal?: AbortSignal,
  ): Promise<BuildOutcome> {
    const words = new LastWords()
    const outcome = await this.#outcome(derivation, output, words.alongside(onEvent), signal)
    if (outcome.kind === 'failed')
      throwIfNoSpace([...words.lines, outcome.message], outcome, { derivation, output })
    return outcome
  }

  /**
   * Adds a content under the path that it gives itself; what it refers to must be valid.
   * @returns that path.
   * @throws RegistryError `malformed` for what Nix refuses, `no-space`, `unavailable`.
   */
  async add(addition: Addition, signal: AbortSignal): Promise<StorePath> {
    try {
      return (await lossIsUnavailable(() => this.#pool.send(operations.addToStore(addition), signal))).path
    } catch (cause) {
      if (!(cause instanceof NixError)) throw cause
      throwIfNoSpace([cause.message], cause, {})
      throw new RegistryError('malformed', `Nix refused ${addition.name}: ${cause.message}`, { cause })
    }
  }

  /**
   * The archive of a valid path.
   * @param size of the archive, in bytes.
   * @throws RegistryError `unavailable`.
   */
  async *archive(path: StorePath, size: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    // A connection of its own, closed afterwards: a reader may stop in the middle.
    const connection = await lossIsUnavailable(() => this.#pool.open())
    const close = () => connection.close()
    signal.addEventListener('abort', close, { once: true })
    try {
      const request = operations.narFromPath(path)
      const reply = await refusalIsUnavailable(() => lossIsUnavailable(() => connection.request(request)))
      yield* reply.pieces(size)
    } catch (cause) {
      signal.throwIfAborted()
      if (cause instanceof RegistryError) throw cause
      throw new RegistryError('unavailable', 'Nix is not reachable', { cause })
    } finally {
      signal.removeEventListener('abort', close)
      this.#pool.release(connection)
    }
  }

  /** Has the garbage collector heed a link that points into the store. @throws RegistryError `unavailable`. */
  addRoot(link: string): Promise<void> {
    return this.#query(operations.addIndirectRoot(link))
  }

  /** A connection that holds temporary roots; they end with it. */
  async openRoots(): Promise<TemporaryRoots> {
    const connection = await lossIsUnavailable(() => this.#pool.open())
    return new TemporaryRoots(connection, () => this.#pool.release(connection))
  }

  close(): void {
    this.#pool.close()
  }

  async #outcome(
    derivation: StorePath,
    output: string,
    onEvent: (event: StoreEvent) => void,
    signal: AbortSignal | undefined,
  ): Promise<BuildOutcome> {
    try {
      const [outcome] = await this.#work(
        operations.buildPathsWithResults([{ kind: 'build', derivation, output }]),
        onEvent,
        signal,
      )
      return outcome ?? { kind: 'failed', status: 'MiscFailure', message: 'Nix gave no result' }
    } catch (cause) {
      if (!(cause instanceof NixError)) throw cause
      return { kind: 'failed', status: 'MiscFailure', message: cause.message }
    }
  }

  /** Names the paths that a fetch needs and no cache has, for people. */
  async #lackOf(path: StorePath): Promise<string | undefined> {
    const { unknown } = await this.missing([{ kind: 'fetch', path }]).catch(() => ({ unknown: [] }))
    return unknown.length === 0 ? undefined : `no binary cache has ${unknown.join(', ')}`
  }

  async #info(path: StorePath): Promise<ClosurePath> {
    return demandValid(path, await this.info(path))
  }

  /** Questions about a few paths at a time, so that others get their turn. */
  async #infos(paths: readonly StorePath[]): Promise<readonly ClosurePath[]> {
    const groups: StorePath[][] = []
    for (let at = 0; at < paths.length; at += PATHS_AT_ONCE) groups.push(paths.slice(at, at + PATHS_AT_ONCE))
    const infos = await Promise.all(
      groups.map(async (group) => {
        const replies = await explained(() => this.#pool.queryAll(group.map(operations.queryPathInfo)))
        return group.map((path, i) => demandValid(path, replies[i]))
      }),
    )
    return infos.flat()
  }

  async #query<T>(request: Request<T>): Promise<T> {
    return explained(() => this.#pool.query(request))
  }

  async #work<T>(
    request: Request<T>,
    onEvent: (event: StoreEvent) => void,
    signal?: AbortSignal,
  ): Promise<T> {
    return lossIsUnavailable(() => this.#pool.work(request, onEvent, signal))
  }
}

function demandValid(path: StorePath, info: PathInfo | undefined): ClosurePath {
  if (info === undefined) throw new RegistryError('unavailable', `store path is not valid any more: ${path}`)
  return info
}

function explained<T>(question: () => Promise<T>): Promise<T> {
  return refusalIsUnavailable(() => lossIsUnavailable(question))
}
