/**
 * The paths of the store on disk. A path has its final name only once it is whole and everything that it needs is
 * there, and beside it a narinfo that says what it is. So all that is left of a crash are parts below `.partial`, which
 * are removed at the next start.
 *
 *     <hash>-<name>            the files of a path
 *     .info/<hash>-<name>      its narinfo; the time of this file is when the path was last wanted
 *     .info/boot-id            the start of the machine for which the paths were checked
 *     .partial/                what is being unpacked or removed
 *     .lock                    locked by the one process that uses the directory
 */
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { lstat, mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ignoreDeletions, type DeletionListener } from '../../../core/deletion.ts'
import { RegistryError } from '../../../core/errors/errors.ts'
import { explainSystemError, systemCode } from '../../../core/errors/system-error.ts'
import { formatNarinfo, type Narinfo } from '../../../core/nix/narinfo.ts'
import { storeDirectory, type StoreDirectory } from '../../../core/nix/store-directory.ts'
import {
  STORE_DIR,
  parseStorePath,
  storeHashOf,
  type StoreHash,
  type StorePath,
} from '../../../core/nix/store-path.ts'
import { lockDirectory } from './directory-lock.ts'
import type { EvictablePath } from './eviction.ts'
import { readStoredPaths } from './read-stored-paths.ts'

export type StoredPath = EvictablePath & { readonly narinfo: Narinfo }

const INFO = '.info'
const PARTIAL = '.partial'
/** For the owner alone, as all of the state directory. */
const DIRECTORY_MODE = 0o700
/** Uses within this time are one. */
const TOUCH_MS = 60_000

export class StoredPaths {
  readonly directory: StoreDirectory
  readonly #base: string
  readonly #paths = new Map<StorePath, StoredPath>()
  readonly #byHash = new Map<StoreHash, StorePath>()
  readonly #unlock: (() => void) | undefined
  readonly #onDeletion: DeletionListener
  #bytes = 0
  #nextPartial = 0

  /** @throws RegistryError `unavailable` when the directory cannot be used, or is used by another process. */
  constructor(directory: string, onDeletion: DeletionListener = ignoreDeletions) {
    this.#onDeletion = onDeletion
    try {
      for (const name of ['', INFO, PARTIAL])
        mkdirSync(join(directory, name), { recursive: true, mode: DIRECTORY_MODE })
      this.#base = realpathSync(directory)
      this.directory = storeDirectory(this.#base)
      this.#unlock = lockDirectory(this.#base)
      for (const name of readdirSync(join(this.#base, PARTIAL)))
        rmSync(join(this.#base, PARTIAL, name), { recursive: true, force: true })
      for (const { narinfo, usedMs } of readStoredPaths(this.#base, join(this.#base, INFO)))
        this.#remember(narinfo, usedMs)
      this.#removeOthers()
    } catch (cause) {
      this.#unlock?.()
      if (cause instanceof RegistryError) throw cause
      const why = explainSystemError(cause) ?? (cause instanceof Error ? cause.message : String(cause))
      throw new RegistryError('unavailable', `the store in ${directory} cannot be used: ${why}`, { cause })
    }
  }

  get all(): ReadonlyMap<StorePath, StoredPath> {
    return this.#paths
  }

  /** Bytes of all paths together, as archives. */
  get bytes(): number {
    return this.#bytes
  }

  pathWith(hash: StoreHash): StorePath | undefined {
    return this.#byHash.get(hash)
  }

  /** Whether the files of a path are there. Forgets a path that somebody removed. */
  async isThere(path: StorePath): Promise<boolean> {
    if (!this.#paths.has(path)) return false
    const isThere = await lstat(this.#fileOf(path)).then(
      () => true,
      () => false,
    )
    if (!isThere) this.#forget(path)
    return isThere
  }

  /** Returns a place for something that is not whole yet. Nothing is there. */
  partial(path: StorePath): string {
    return join(this.#base, PARTIAL, `${storeHashOf(path)}.${this.#nextPartial++}`)
  }

  /**
   * Makes a path valid that lies, whole and checked, in a partial place. All that it needs must be valid.
   * @throws failures of the disk.
   */
  async commit(narinfo: Narinfo, partial: string): Promise<void> {
    const { storePath: path } = narinfo
    const info = this.partial(path)
    await writeFile(info, formatNarinfo(narinfo))
    await this.#restoreDirectories()
    await rename(info, this.#infoOf(path))
    try {
      await rename(partial, this.#fileOf(path))
    } catch (error) {
      const isTaken = ['ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR'].includes(systemCode(error) ?? '')
      if (!isTaken) throw error
      // Left there by a process that knew nothing of it, or made by another one: ours was checked.
      await this.#removeFiles(path)
      await rename(partial, this.#fileOf(path))
    }
    this.#remember(narinfo, Date.now())
  }

  /**
   * Removes paths, which are not valid from this call on. Nothing valid may need them.
   * @param reason why they go, for the audit log.
   */
  async remove(paths: readonly StorePath[], reason: string): Promise<void> {
    // Renamed in this turn of the event loop: a moment later somebody may have fetched one of them again.
    const gone = paths.map((path) => {
      const place = this.partial(path)
      this.#forget(path)
      let isDone = false
      try {
        rmSync(this.#infoOf(path), { force: true })
        renameSync(this.#fileOf(path), place)
        isDone = true
      } finally {
        this.#onDeletion({ target: path, reason, isDone })
      }
      return place
    })
    for (const place of gone) await rm(place, { recursive: true, force: true })
  }

  /** Marks a path as wanted now. */
  async touch(path: StorePath, nowMs: number): Promise<void> {
    const stored = this.#paths.get(path)
    if (stored === undefined || nowMs - stored.usedMs < TOUCH_MS) return
    this.#paths.set(path, { ...stored, usedMs: nowMs })
    await utimes(this.#infoOf(path), nowMs / 1000, nowMs / 1000).catch(() => undefined)
  }

  /** Frees the directory for another process. */
  close(): void {
    this.#unlock?.()
  }

  /** Files of paths that are not valid would take space that nobody counts. */
  #removeOthers(): void {
    for (const name of readdirSync(this.#base)) {
      const path = parseStorePath(`${STORE_DIR}/${name}`)
      if (path === undefined || this.#paths.has(path)) continue
      // One without a narinfo never was a path of this store.
      const wasValid = existsSync(this.#infoOf(path))
      rmSync(this.#infoOf(path), { force: true })
      rmSync(this.#fileOf(path), { recursive: true, force: true })
      if (wasValid)
        this.#onDeletion({
          target: path,
          reason: 'it is damaged, or misses a path that it needs',
          isDone: true,
        })
    }
  }

  #remember(narinfo: Narinfo, usedMs: number): void {
    const { storePath: path, references, narSize: size } = narinfo
    this.#forget(path)
    this.#paths.set(path, { path, references, size, usedMs, narinfo })
    this.#byHash.set(storeHashOf(path), path)
    this.#bytes += size
  }

  #forget(path: StorePath): void {
    const known = this.#paths.get(path)
    if (known === undefined) return
    this.#paths.delete(path)
    this.#byHash.delete(storeHashOf(path))
    this.#bytes -= known.size
  }

  /** First renamed, so that nobody sees a part of it. */
  async #removeFiles(path: StorePath): Promise<void> {
    const gone = this.partial(path)
    await rename(this.#fileOf(path), gone).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error
    })
    await rm(gone, { recursive: true, force: true })
  }

  /** Deleted while the server runs, they are made anew. */
  async #restoreDirectories(): Promise<void> {
    await mkdir(join(this.#base, INFO), { recursive: true, mode: DIRECTORY_MODE })
  }

  #fileOf(path: StorePath): string {
    return `${this.#base}/${path.slice(STORE_DIR.length + 1)}`
  }

  #infoOf(path: StorePath): string {
    return join(this.#base, INFO, path.slice(STORE_DIR.length + 1))
  }
}
