/**
 * The store that is filled from binary caches. It needs no Nix: paths are fetched, checked and unpacked into a directory
 * of the state, and the least recently used go when it is full. What no cache has is built by the builder, if there is one.
 */
import { readlink } from 'node:fs/promises'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Derivation } from '../../core/nix/derivation.ts'
import type { StoreDirectory } from '../../core/nix/store-directory.ts'
import {
  isDerivationPath,
  parseStorePath,
  type StoreHash,
  type StorePath,
} from '../../core/nix/store-path.ts'
import { readDerivation } from '../read-derivation.ts'
import type { BuildOutcome, ClosurePath, HeldRoots, Missing, PathInfo, Store, StoreEvent } from '../store.ts'
import type { Work } from '../work.ts'
import { buildElsewhere } from './builder/build-elsewhere.ts'
import type { Builder } from './builder/builder.ts'
import { builderDerivation } from './builder/builder-derivation.ts'
import { closureOf } from './disk/eviction.ts'
import { Fetches } from './fetch/fetches.ts'
import type { LookUp } from './binary-cache/look-up.ts'
import { Room } from './disk/room.ts'
import type { StoredPath, StoredPaths } from './disk/stored-paths.ts'

export type CacheStoreOptions = {
  readonly lookUp: LookUp
  readonly paths: StoredPaths
  /** A Nix elsewhere. Its paths are in the look-up already. */
  readonly builder: Builder | undefined
  /** Bytes that all paths may have together, as archives. */
  readonly maxBytes: number
}

/** All caches together get this long to say what they have. */
const LOOK_UP_MS = 60_000
const VERSION = '1.0'

export class CacheStore implements Store {
  readonly directory: StoreDirectory
  readonly #lookUp: LookUp
  readonly #paths: StoredPaths
  readonly #builder: Builder | undefined
  readonly #room: Room
  readonly #fetches: Fetches

  constructor({ lookUp, paths, builder, maxBytes }: CacheStoreOptions) {
    this.#lookUp = lookUp
    this.#paths = paths
    this.#builder = builder
    this.directory = paths.directory
    this.#room = new Room(paths, maxBytes)
    this.#fetches = new Fetches({ lookUp, paths, room: this.#room })
  }

  get name(): string {
    return `binary caches ${this.#lookUp.names}`
  }

  async connect(): Promise<string> {
    return VERSION
  }

  async ping(): Promise<void> {
    // The paths are in memory, and caches are asked when something is missing.
  }

  async pathFromHash(hash: StoreHash): Promise<StorePath | undefined> {
    const path = this.#paths.pathWith(hash)
    return path !== undefined && (await this.#paths.isThere(path)) ? path : undefined
  }

  async isValid(path: StorePath): Promise<boolean> {
    return this.#paths.isThere(path)
  }

  async valid(paths: readonly StorePath[]): Promise<readonly StorePath[]> {
    return paths.filter((path) => this.#paths.all.has(path))
  }

  async info(path: StorePath): Promise<PathInfo | undefined> {
    const stored = this.#paths.all.get(path)
    return stored === undefined ? undefined : infoOf(stored)
  }

  async narHash(path: StorePath): Promise<string> {
    return this.#demand(path).narinfo.narHash
  }

  async closure(root: StorePath): Promise<readonly ClosurePath[]> {
    this.#demand(root)
    const members = [...closureOf(this.#paths.all, [root])].map((path) => infoOf(this.#demand(path)))
    for (const { references } of members) for (const reference of references) this.#demand(reference)
    return members
  }

  async derivers(path: StorePath): Promise<readonly StorePath[]> {
    const found: StorePath[] = []
    for (const derivation of this.#paths.all.keys()) {
      if (!isDerivationPath(derivation)) continue
      const { outputs } = await readDerivation(this.directory, derivation)
      if ([...outputs.values()].includes(path)) found.push(derivation)
    }
    if (found.length > 0 || this.#builder === undefined) return found
    // One that does not answer is a warning of the look-up.
    return this.#builder.derivers(path).catch(() => [])
  }

  async derivation(path: StorePath): Promise<Derivation> {
    const isElsewhere = this.#builder !== undefined && !(await this.#paths.isThere(path))
    const found = isElsewhere
      ? await builderDerivation(this.#builder, path, AbortSignal.timeout(LOOK_UP_MS))
      : undefined
    return found ?? readDerivation(this.directory, path)
  }

  async missing(wanted: readonly Work[]): Promise<Missing> {
    const unknown: StorePath[] = []
    /** Outputs that a builder could make, with their derivations. */
    const buildable = new Map<StorePath, StorePath>()
    const roots: StorePath[] = []
    for (const work of wanted) {
      const path = work.kind === 'fetch' ? work.path : await this.#outputOf(work.derivation, work.output)
      if (path === undefined) unknown.push(work.kind === 'fetch' ? work.path : work.derivation)
      else roots.push(path)
      if (path !== undefined && work.kind === 'build' && this.#builder !== undefined)
        buildable.set(path, work.derivation)
    }
    const { offers, lacking } = await this.#fetches
      .plan(roots, AbortSignal.timeout(LOOK_UP_MS))
      .catch((cause: unknown) => {
        throw new RegistryError('lookup-failed', 'the binary caches do not answer in time', { cause })
      })
    // A path that caches have, and that is refused, is fetched: that fails, and says why.
    const refused = [...lacking].flatMap(([path, { refusals }]) => (refusals.length > 0 ? [path] : []))
    const willBuild = [...buildable].flatMap(([path, derivation]) =>
      lacking.has(path) && !refused.includes(path) ? [derivation] : [],
    )
    const narinfos = [...offers.values()].map(({ narinfo }) => narinfo)
    return {
      willBuild,
      willSubstitute: [...offers.keys(), ...refused],
      unknown: [
        ...unknown,
        ...[...lacking.keys()].filter((path) => !refused.includes(path) && !buildable.has(path)),
      ],
      downloadSize: sum(narinfos.map(({ fileSize, narSize }) => fileSize ?? narSize)),
      narSize: sum(narinfos.map(({ narSize }) => narSize)),
      warnings: [...new Set([...lacking.values()].flatMap(({ troubles }) => troubles))],
    }
  }

  async fetch(path: StorePath, onEvent: (event: StoreEvent) => void, signal?: AbortSignal): Promise<void> {
    if (await this.#paths.isThere(path)) return
    await this.#fetches.fetch(path, onEvent, signal)
  }

  async build(
    derivation: StorePath,
    output: string,
    onEvent: (event: StoreEvent) => void,
    signal?: AbortSignal,
  ): Promise<BuildOutcome> {
    const path = await this.#outputOf(derivation, output)
    if (path === undefined) {
      const message = `${derivation} has no output ${output} whose path is known before it is built`
      return { kind: 'failed', status: 'NotDeterministic', message }
    }
    const copy = async (): Promise<void> => {
      this.#lookUp.forgetAbsent()
      await this.fetch(path, onEvent, signal)
    }
    try {
      await this.fetch(path, onEvent, signal)
      return { kind: 'done' }
    } catch (error) {
      if (!(error instanceof RegistryError) || error.kind !== 'fetch-failed') throw error
      if (this.#builder !== undefined)
        return buildElsewhere(this.#builder, { derivation, output, path }, copy, onEvent, signal)
      const message = `${path} must be built, and this registry has no builder: ${error.message}`
      return { kind: 'failed', status: 'TransientFailure', message }
    }
  }

  async add(): Promise<StorePath> {
    throw new RegistryError('unsupported', 'a store that is filled from binary caches takes no uploads')
  }

  async openRoots(): Promise<HeldRoots> {
    return this.#room.hold()
  }

  /** A link says that a path was wanted. It is a reason to remove others first, not to keep the path for ever. */
  async addRoot(link: string): Promise<void> {
    const path = parseStorePath(await readlink(link).catch(() => ''))
    if (path !== undefined) await this.#paths.touch(path, Date.now())
  }

  close(): void {
    this.#fetches.close()
    this.#lookUp.close()
    this.#paths.close()
  }

  async #outputOf(derivation: StorePath, output: string): Promise<StorePath | undefined> {
    return (await this.derivation(derivation)).outputs.get(output)
  }

  #demand(path: StorePath): StoredPath {
    const stored = this.#paths.all.get(path)
    if (stored === undefined)
      throw new RegistryError('unavailable', `store path is not valid any more: ${path}`)
    return stored
  }
}

function infoOf({ path, narinfo }: StoredPath): ClosurePath {
  return {
    path,
    narHash: narinfo.narHash,
    narSize: narinfo.narSize,
    references: narinfo.references,
    deriver: narinfo.deriver,
    isBuiltHere: false,
    signatures: narinfo.signatures,
    contentAddress: narinfo.contentAddress ?? '',
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
