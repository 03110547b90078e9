/** A file of the store that may be a description of an image. */
import { open } from 'node:fs/promises'
import type { StorePath } from '../core/store-path.ts'

/** A description of an image, not the image: what is larger is something else. */
const MAX_FILE_SIZE = 16 * 1024 * 1024

/** The object that is in a JSON file, or nothing for any other file. @param size bytes of the file. */
export async function readJsonObject(path: StorePath, size: number): Promise<object | undefined> {
  if (size > MAX_FILE_SIZE) return undefined
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 0)
    return buffer[0] === OPENING_BRACE ? parseObject(await file.readFile('utf8')) : undefined
  } finally {
    await file.close()
  }
}

const OPENING_BRACE = 0x7b

/** The object that a JSON text is, or nothing. */
export function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
