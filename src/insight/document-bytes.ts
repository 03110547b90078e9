/** The bytes of a document: the same wherever it is served or printed. */
import type { Json } from '../core/json.ts'

export function documentBytes(document: Json): Buffer {
  return Buffer.from(`${JSON.stringify(document)}\n`)
}
