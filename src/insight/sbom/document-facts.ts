/** Facts that both forms of an SBOM have. */
import { createHash } from 'node:crypto'
import type { ImageFacts } from '../inventory/component.ts'

/** The time of every image, since a real one would change the bytes each time. */
export const CREATED = '1970-01-01T00:00:01Z'

/** A UUID (RFC 9562, version 8) that an image has for one kind of document. */
export function documentId(kind: string, { root, digest }: ImageFacts): string {
  const hex = createHash('sha256').update(`${kind} ${root} ${digest}`).digest('hex')
  const variant = (8 + (Number.parseInt(hex[16] ?? '0', 16) % 4)).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
