/** A file of the store that may be a description of an image. */
import { RegistryError } from '../../core/errors/errors.ts'
import { parseGivenJson } from '../../core/oci/given-json.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { ClosureFiles } from './closure-files.ts'
import type { FileStart } from './path-start.ts'

/** A description of an image, not the image: what is larger is something else. */
const MAX_FILE_SIZE = 16 * 1024 * 1024

/**
 * The object that is in a JSON file, or nothing for any other file.
 * @param size bytes of the file.
 * @throws RegistryError `unservable` for one that is too large to be made of its text.
 */
export async function readJsonObject(
  path: StorePath,
  size: number,
  files: ClosureFiles,
): Promise<object | undefined> {
  if (size > MAX_FILE_SIZE) return undefined
  const file = await files.open(path)
  if (file === undefined) return undefined
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 0)
    return buffer[0] === OPENING_BRACE ? parseObject(path, await file.readFile()) : undefined
  } finally {
    await file.close()
  }
}

/** As `readJsonObject`, for a file whose beginning is read already. @throws as `readJsonObject`. */
export async function jsonObjectIn(
  path: StorePath,
  { size, bytes }: FileStart,
  files: ClosureFiles,
): Promise<object | undefined> {
  if (bytes[0] !== OPENING_BRACE) return undefined
  return bytes.length === size ? parseObject(path, bytes) : readJsonObject(path, size, files)
}

const OPENING_BRACE = 0x7b

/**
 * The object that a JSON text is, or nothing.
 * @param name what it is, for the error.
 * @throws RegistryError `unservable` for one that is too large to be made of its text.
 */
export function parseObject(name: string, bytes: Uint8Array): object | undefined {
  try {
    const value = parseGivenJson(name, bytes)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch (error) {
    if (error instanceof RegistryError) throw error
    return undefined
  }
}
