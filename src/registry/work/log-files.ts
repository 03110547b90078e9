/**
 * Logs of work as files, `logs/<id>.log` in the state directory, readable by their owner alone: a builder prints what
 * it likes. Their total is bounded; the oldest go first.
 */
import { readdirSync, statSync, unlinkSync } from 'node:fs'
import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ignoreDeletions, type DeletionListener } from '../../core/deletion.ts'
import { parseStoreHash, type StoreHash } from '../../core/nix/store-path.ts'
import { FILE_MODE, makePrivate, makeStateDirectory } from '../state/state-directory.ts'

const SUFFIX = '.log'
const OWNER_ONLY = { mode: FILE_MODE } as const

export class LogFiles {
  readonly #directory: string
  readonly #totalBytes: number
  readonly #onDeletion: DeletionListener
  /** Bytes of those that aren't written any more, the oldest first. */
  readonly #sizes = new Map<StoreHash, number>()
  /** Running operations on files, one after another for each log. */
  readonly #busy = new Map<StoreHash, Promise<void>>()

  /** @throws the system's error when the directory can't be made or read. */
  constructor(stateDirectory: string, totalBytes: number, onDeletion: DeletionListener = ignoreDeletions) {
    this.#onDeletion = onDeletion
    this.#directory = join(stateDirectory, 'logs')
    this.#totalBytes = totalBytes
    makeStateDirectory(this.#directory)
    makePrivate(this.#directory)
    const found = readdirSync(this.#directory).flatMap((name) => {
      const id = name.endsWith(SUFFIX) ? parseStoreHash(name.slice(0, -SUFFIX.length)) : undefined
      const stat = statSync(join(this.#directory, name), { throwIfNoEntry: false })
      // What a crash left half-written.
      if (id === undefined && stat?.isFile() === true) unlinkSync(join(this.#directory, name))
      return id === undefined || stat === undefined ? [] : [{ id, size: stat.size, at: stat.mtimeMs }]
    })
    for (const { id, size } of found.sort((a, b) => a.at - b.at)) this.#sizes.set(id, size)
  }

  get ids(): readonly StoreHash[] {
    return [...this.#sizes.keys()]
  }

  /** An empty log, in place of an earlier one. */
  begin(id: StoreHash): Promise<void> {
    this.#sizes.delete(id)
    return this.#queue(id, () => writeFile(this.#file(id), '', OWNER_ONLY))
  }

  append(id: StoreHash, text: string): Promise<void> {
    return this.#queue(id, () => appendFile(this.#file(id), text, OWNER_ONLY))
  }

  /** The whole of a log, once and for all; drops others when they are too much together. */
  finish(id: StoreHash, text: string): Promise<void> {
    const written = this.#queue(id, async () => {
      const partial = `${this.#file(id)}.part`
      await writeFile(partial, text, OWNER_ONLY)
      await rename(partial, this.#file(id))
    })
    // Counted at once, so that the oldest are those that were finished first, however long each takes to write.
    this.#sizes.delete(id)
    this.#sizes.set(id, Buffer.byteLength(text))
    this.#dropOldest()
    return written
  }

  /** @returns nothing where there is none (any more). */
  async read(id: StoreHash): Promise<string | undefined> {
    await this.#busy.get(id)?.catch(() => undefined)
    return readFile(this.#file(id), 'utf8').catch(() => undefined)
  }

  remove(id: StoreHash): Promise<void> {
    this.#sizes.delete(id)
    return this.#queue(id, () => rm(this.#file(id), { force: true }))
  }

  /** Once all that was begun is over. */
  async settled(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy.values())
  }

  #dropOldest(): void {
    let total = this.#sizes.values().reduce((sum, size) => sum + size, 0)
    for (const [id, size] of this.#sizes) {
      if (total <= this.#totalBytes) return
      total -= size
      // What can't be removed now goes at the next start.
      const tell = (isDone: boolean) =>
        this.#onDeletion({ target: this.#file(id), reason: 'the oldest log (--log-size)', isDone })
      this.remove(id).then(
        () => tell(true),
        () => tell(false),
      )
    }
  }

  #queue(id: StoreHash, act: () => Promise<void>): Promise<void> {
    const before = this.#busy.get(id) ?? Promise.resolve()
    const acting = async () => {
      // Deleted while the server runs, it is made anew.
      makeStateDirectory(this.#directory)
      await act()
    }
    const after = before.then(acting, acting)
    this.#busy.set(id, after)
    const forget = () => void (this.#busy.get(id) === after && this.#busy.delete(id))
    after.then(forget, forget)
    return after
  }

  #file(id: StoreHash): string {
    return join(this.#directory, `${id}${SUFFIX}`)
  }
}
