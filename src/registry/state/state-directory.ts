/**
 * The state directory is for its owner alone: logs of builds may hold secrets, and unpacked archives are what their
 * images are. It is made when it isn't there, and again when somebody deletes it while the server runs.
 */
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemCode } from '../../core/errors/system-error.ts'

/** Nobody but the owner may enter. */
const DIRECTORY_MODE = 0o700
/** Nobody but the owner may read or write. */
export const FILE_MODE = 0o600
const OTHERS = 0o077
const STICKY = 0o1000

/**
 * Makes the directory and those above it. Not by Node's recursive mkdir, which never ends below /proc.
 * @throws the system's error when it can't be made.
 */
export function makeStateDirectory(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return
  const parent = dirname(directory)
  if (!existsSync(parent) && parent !== directory) makeStateDirectory(parent)
  try {
    mkdirSync(directory, { mode: DIRECTORY_MODE })
  } catch (error) {
    // Another process made it meanwhile.
    if (systemCode(error) !== 'EEXIST' || !statSync(directory).isDirectory()) throw error
  }
}

/**
 * Takes away what others may do with a directory or file that an earlier version, or somebody else, made.
 * A directory that all may write to, such as /tmp, is left alone: it is shared on purpose.
 */
export function makePrivate(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined || stat.uid !== process.getuid?.()) return
  if ((stat.mode & OTHERS) === 0 || (stat.mode & STICKY) !== 0) return
  try {
    chmodSync(path, stat.mode & ~OTHERS)
  } catch {
    // A file system that is read-only, or that has no modes. Whether it can be used shows when it is used.
  }
}
