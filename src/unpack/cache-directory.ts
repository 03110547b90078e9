/** The files of a cache on disk: whole ones by their key alone, those being written with the process that writes them. */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const PARTIAL = /^[0-9a-f]{64}\.([0-9]+)-[0-9]+\.part$/
const KEY = /^[0-9a-f]{64}$/
let partials = 0

export class CacheDirectory {
  readonly #directory: string
  readonly #suffix: string

  /** @param suffix of whole files, such as `.tar`. */
  constructor(directory: string, suffix: string) {
    this.#directory = directory
    this.#suffix = suffix
  }

  /** @param key 64 hexadecimal digits. */
  pathOf(key: string): string {
    return join(this.#directory, `${key}${this.#suffix}`)
  }

  /** A name of its own each time. */
  partialPath(key: string): string {
    return join(this.#directory, `${key}.${process.pid}-${partials++}.part`)
  }

  /**
   * Returns the files that an earlier process left, least recently used first. Removes its unfinished ones if that
   * process is dead.
   */
  wholeFiles(): readonly { readonly key: string; readonly size: number }[] {
    const found: { readonly key: string; readonly size: number; readonly usedMs: number }[] = []
    for (const name of readdirSync(this.#directory)) {
      const path = join(this.#directory, name)
      const writer = PARTIAL.exec(name)?.[1]
      if (writer !== undefined && !isOtherProcess(Number(writer))) rmSync(path, { force: true })
      const key = name.endsWith(this.#suffix) ? name.slice(0, -this.#suffix.length) : ''
      const stats = KEY.test(key) ? statSync(path, { throwIfNoEntry: false }) : undefined
      if (stats !== undefined) found.push({ key, size: stats.size, usedMs: stats.mtimeMs })
    }
    return found.sort((a, b) => a.usedMs - b.usedMs)
  }
}

/** Whether a process with this id runs that isn't this one. */
function isOtherProcess(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // There, and another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
