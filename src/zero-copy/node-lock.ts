/**
 * Lets one registry of a node mount store paths. Two would add the mounts twice, and each would release the roots of the
 * other's containers. The lock lies beside the runtime's socket, since that is all that both certainly share.
 */
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RegistryError } from '../core/errors/errors.ts'

const FILE_NAME = 'pushless.lock'
/** SQLITE_BUSY. */
const BUSY = 5

/**
 * Takes the lock of an SQLite file, which the kernel frees when the process ends.
 * @returns a function that frees it. @throws RegistryError `unavailable`.
 */
export function lockNode(socket: string): () => void {
  const file = join(dirname(socket), FILE_NAME)
  try {
    const database = new DatabaseSync(file, { timeout: 0 })
    try {
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    } catch (cause) {
      database.close()
      throw cause
    }
    return () => {
      if (database.isOpen) database.close()
    }
  } catch (cause) {
    const isTaken = cause instanceof Error && 'errcode' in cause && cause.errcode === BUSY
    const why = isTaken ? 'another registry of this node has it' : `${file} cannot be written`
    throw new RegistryError('unavailable', `--zero-copy: ${why}`, { cause })
  }
}
