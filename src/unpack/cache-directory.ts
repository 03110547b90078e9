/** Names of the unpack cache's files: whole ones by their key alone, those being written with whose they are. */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const PARTIAL = /^[0-9a-f]{64}\.([0-9]+)-[0-9]+\.part$/
const WHOLE = /^([0-9a-f]{64})\.tar$/
let partials = 0

export function pathOf(directory: string, key: string): string {
  return join(directory, `${key}.tar`)
}

/** A name of its own each time. */
export function partialPath(directory: string, key: string): string {
  return join(directory, `${key}.${process.pid}-${partials++}.part`)
}

/**
 * Returns the files that an earlier process left, least recently used first. Removes its unfinished ones if that
 * process is dead.
 */
export function wholeFiles(directory: string): readonly { readonly key: string; readonly size: number }[] {
  const found: { readonly key: string; readonly size: number; readonly usedMs: number }[] = []
  for (const name of readdirSync(directory)) {
    const writer = PARTIAL.exec(name)?.[1]
    if (writer !== undefined && !isOtherProcess(Number(writer)))
      rmSync(join(directory, name), { force: true })
    const key = WHOLE.exec(name)?.[1]
    const stats = key === undefined ? undefined : statSync(join(directory, name), { throwIfNoEntry: false })
    if (key !== undefined && stats !== undefined) found.push({ key, size: stats.size, usedMs: stats.mtimeMs })
  }
  return found.sort((a, b) => a.usedMs - b.usedMs)
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
