/**
 * Reports every fault of an image under the path that was requested (the fault may be in a base of its base), in one
 * line for a log and a person: names and texts of the image are in it, with whatever characters and of any length.
 */
import { RegistryError } from '../../core/errors/errors.ts'
import type { StorePath } from '../../core/nix/store-path.ts'

/** Two store paths, a digest or two, and the words between. */
const MAX_MESSAGE = 1500

/** @throws RegistryError `unservable` that names the path, and whatever else `work` throws. */
export async function namingImage<T>(root: StorePath, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw blamed(root, cause)
  }
}

function blamed(root: StorePath, cause: unknown): unknown {
  // JSON of a million brackets is read without trouble, and too deep to be written again.
  if (cause instanceof RangeError)
    return new RegistryError('unservable', `${root}: nested too deep, or too large: ${cause.message}`, {
      cause,
    })
  if (!(cause instanceof RegistryError) || cause.kind !== 'unservable') return cause
  const named = cause.message.includes(root) ? cause.message : `${root}: ${cause.message}`
  const line = named.slice(0, MAX_MESSAGE).replaceAll(/\p{Cc}+/gu, ' ')
  const said = named.length > MAX_MESSAGE ? `${line}\u2026` : line
  if (said === cause.message) return cause
  return new RegistryError('unservable', said, {
    ...cause.facts,
    cause,
  })
}
