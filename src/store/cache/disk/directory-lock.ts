/**
 * Keeps a directory for one process. The lock is that of an SQLite file, since Node has no flock(2): the kernel frees it
 * when the process ends, however it ends, so nothing has to be removed by hand.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RegistryError } from '../../../core/errors/errors.ts'

const FILE_NAME = '.lock'
/** SQLITE_BUSY. */
const BUSY = 5

/** @returns a function that frees the lock. @throws RegistryError `unavailable` where another process has it. */
export function lockDirectory(directory: string): () => void {
  const database = new DatabaseSync(join(directory, FILE_NAME), { timeout: 0 })
  try {
    // Held until the end. Nothing is ever written, so no journal is needed beside it.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (!(cause instanceof Error && 'errcode' in cause && cause.errcode === BUSY)) throw cause
    throw new RegistryError(
      'unavailable',
      `the store in ${directory} is in use by another pushless process: give each its own state directory (--state)`,
      { cause },
    )
  }
  return () => {
    if (database.isOpen) database.close()
  }
}
