/**
 * Whether a client takes an index for a tag. Clients of before 2017 list the manifests that they know and no index, and
 * would take an index for a broken image. All else gets what the tag names: who lists no manifests at all, too, as
 * curl.
 */
import { INDEX_TYPES, MANIFEST_TYPES } from '../../core/oci/oci-document.ts'

/** @param header `Accept`, weights and all. */
export function takesIndex(header: string | undefined): boolean {
  const types = (header ?? '').split(',').map((range) => (range.split(';', 1)[0] ?? '').trim().toLowerCase())
  const has = (...wanted: readonly string[]) => types.some((type) => wanted.includes(type))
  return !has(...MANIFEST_TYPES) || has(...INDEX_TYPES, '*/*', 'application/*')
}
