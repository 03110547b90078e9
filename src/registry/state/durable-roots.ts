/**
 * Keeps images in the store for days after their last pull: a link for each in the state directory, which Nix is told
 * of as an indirect root. The link's time is that of the last pull; links that got too old are removed, and with them
 * the root. There is nothing else: deleting the state directory frees everything.
 *
 * Nix must see the directory under the same name, as it does on one machine; a Nix elsewhere keeps its store itself.
 */
import { lstatSync, lutimesSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { access, readdir, lstat, rm, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeText } from '../../core/byte-string.ts'
import { ignoreDeletions, type DeletionListener } from '../../core/deletion.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { fileOf } from '../../core/nix/store-directory.ts'
import { STORE_DIR, parseStorePath, type StorePath } from '../../core/nix/store-path.ts'
import type { Store } from '../../store/store.ts'
import { makeStateDirectory } from './state-directory.ts'

const FOLDER = 'roots'
const NOT_PULLED = 'the path of this root was not pulled for too long (--keep)'
const PATH_GONE = 'the path of this root is not in the store any more'
const DAY_MS = 24 * 3_600_000
/** A pull makes its root young again, at most this often: a write each. */
const TOUCH_MS = 3_600_000
const SWEEP_MS = 3_600_000
/** Whether somebody deleted the directory is looked at no more often: pulls come by the thousand. */
const LOOK_MS = 10_000

/** A path that is kept, and the time of its last pull in milliseconds since the epoch, to the hour. */
export type KeptPath = { readonly path: StorePath; readonly pulledMs: number }

export class DurableRoots {
  readonly #store: Store
  readonly #directory: string
  readonly #keepMs: number
  readonly #onDeletion: DeletionListener
  /** When each was touched by this process. */
  readonly #touched = new Map<StorePath, number>()
  #lookedAt = -Infinity
  #timer: NodeJS.Timeout | undefined
  #size = 0

  /** @param keepDays 0: none are made, and those that are there go. @param onDeletion hears of roots that go. */
  constructor(
    store: Store,
    stateDirectory: string,
    keepDays: number,
    onDeletion: DeletionListener = ignoreDeletions,
  ) {
    this.#onDeletion = onDeletion
    this.#store = store
    this.#directory = join(stateDirectory, FOLDER)
    this.#keepMs = keepDays * DAY_MS
  }

  /**
   * Removes what is too old, now and from time to time. Only the server calls it; other commands leave the roots alone.
   */
  async open(): Promise<void> {
    this.#timer = setInterval(() => void this.sweep(Date.now()).catch(() => undefined), SWEEP_MS)
    this.#timer.unref()
    await this.sweep(Date.now())
  }

  /** Whether there is nothing to do for a path that is pulled now. */
  isKept(path: StorePath, now: number): boolean {
    if (this.#keepMs === 0) return true
    return now - this.#lookedAt < LOOK_MS && now - (this.#touched.get(path) ?? -Infinity) < TOUCH_MS
  }

  /**
   * Keeps a valid path from now on. Cheap for one that was kept a short while ago.
   * @throws RegistryError `unavailable` when Nix or the state directory refuse.
   */
  async keep(path: StorePath, now: number): Promise<void> {
    if (this.#keepMs === 0) return
    await this.#forgetIfDeleted(now)
    if (now - (this.#touched.get(path) ?? -Infinity) < TOUCH_MS) return
    this.#touched.set(path, now)
    try {
      await this.#link(path, now)
    } catch (cause) {
      this.#touched.delete(path)
      if (cause instanceof RegistryError) throw cause
      throw new RegistryError('unavailable', `no root for ${path} in ${this.#directory}`, { cause })
    }
  }

  /** Removes roots that weren't pulled for too long, or whose path is gone. */
  async sweep(now: number): Promise<void> {
    let kept = 0
    for (const name of await readdir(this.#directory).catch(() => [])) {
      const link = join(this.#directory, name)
      const last = await lstat(link).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      )
      if (last === undefined) continue
      const isYoung = now - last <= this.#keepMs
      if (isYoung && (await this.#isThere(link))) {
        kept += 1
        continue
      }
      await rm(link, { force: true })
      const reason = isYoung ? PATH_GONE : NOT_PULLED
      this.#onDeletion({ target: link, reason, isDone: true })
      const path = parseStorePath(`${STORE_DIR}/${name}`)
      if (path !== undefined) this.#touched.delete(path)
    }
    this.#size = kept
  }

  /** Returns the paths that are kept and are in the store, each with the time of its last pull. Reads the directory. */
  async list(): Promise<readonly KeptPath[]> {
    const kept: KeptPath[] = []
    for (const name of await readdir(this.#directory).catch(() => [])) {
      const path = parseStorePath(`${STORE_DIR}/${name}`)
      const link = join(this.#directory, name)
      const stat = path === undefined ? undefined : await lstat(link).catch(() => undefined)
      if (path === undefined || stat === undefined || !(await this.#isThere(link))) continue
      kept.push({ path, pulledMs: stat.mtimeMs })
    }
    return kept
  }

  /** How many there are. */
  get size(): number {
    return this.#size
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #forgetIfDeleted(now: number): Promise<void> {
    if (now - this.#lookedAt < LOOK_MS || this.#touched.size === 0) return
    this.#lookedAt = now
    const isThere = await access(this.#directory).then(
      () => true,
      () => false,
    )
    if (!isThere) this.#touched.clear()
  }

  /**
   * Synchronous but for Nix, as all writes to the state's database are: awaited one after the other, the same calls took
   * 0.6 ms of processor time for each image.
   */
  async #link(path: StorePath, now: number): Promise<void> {
    const link = join(this.#directory, path.slice(STORE_DIR.length + 1))
    const seconds = now / 1000
    if (targetOf(link) !== path) {
      makeStateDirectory(this.#directory)
      // Made beside and renamed, since Nix may read it at any moment; two processes may do so at once.
      const partial = `${link}.${process.pid}.part`
      rmSync(partial, { force: true })
      symlinkSync(path, partial)
      renameSync(partial, link)
      this.#size += 1
    }
    lutimesSync(link, seconds, seconds)
    await this.#store.addRoot(link)
  }

  /** Whether the path that a link names is in the store. `false` where the link itself is gone. */
  async #isThere(link: string): Promise<boolean> {
    return readlink(link)
      .then((target) => lstat(fileOf(this.#store.directory, encodeText(target))))
      .then(
        () => true,
        () => false,
      )
  }
}

/** Returns nothing where there is no link. Without an error, which takes longer to make than the look. */
function targetOf(link: string): string | undefined {
  const stat = lstatSync(link, { throwIfNoEntry: false })
  return stat?.isSymbolicLink() === true ? readlinkSync(link) : undefined
}
