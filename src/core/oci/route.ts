/**
 * The path of a request below `/v2/`, parsed once, from the right: names hold slashes and may end like an endpoint.
 * Endpoints: OCI distribution-spec, end-2, end-3, end-8, end-12.
 */
import { parseDigest, type Digest } from './digest.ts'
import { RegistryError } from '../errors/errors.ts'
import { parseReference, type Reference } from './reference.ts'

export type Selector =
  { readonly kind: 'tag'; readonly tag: string } | { readonly kind: 'digest'; readonly digest: Digest }

export type Route =
  | { readonly kind: 'manifest'; readonly reference: Reference; readonly selector: Selector }
  | { readonly kind: 'blob'; readonly reference: Reference; readonly digest: Digest }
  | { readonly kind: 'tags'; readonly reference: Reference }
  | { readonly kind: 'referrers'; readonly reference: Reference; readonly digest: Digest }

const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
/** Longer than any legal name and digest together: what is longer is refused unread. */
const MAX_PATH_LENGTH = 1024

/**
 * @param path what follows `/v2/`, still percent-encoded, without the query.
 * @throws RegistryError `name-invalid`, `name-unknown`, `digest-invalid` or `manifest-unknown` (for a malformed tag,
 * which is a tag that nobody has: clients and the conformance suite expect 404 there).
 */
export function parseRoute(path: string): Route {
  const parts = decode(path)
    .split('/')
    .filter((part) => part !== '')
  const last = parts.at(-1) ?? ''
  const endpoint = parts.at(-2)
  const name = () => parseReference(parts.slice(0, -2).join('/'))
  switch (endpoint) {
    case 'manifests':
      return { kind: 'manifest', reference: name(), selector: parseSelector(last) }
    case 'blobs':
      return { kind: 'blob', reference: name(), digest: parseDigest(last) }
    case 'tags':
      if (last === 'list') return { kind: 'tags', reference: name() }
      break
    case 'referrers':
      return { kind: 'referrers', reference: name(), digest: parseDigest(last) }
    default:
  }
  throw new RegistryError('not-found', 'no such endpoint', { detail: { path: path.slice(0, 300) } })
}

/** @throws RegistryError `manifest-unknown` for a malformed tag, `digest-invalid` for a malformed digest. */
export function parseSelector(text: string): Selector {
  if (text.includes(':')) return { kind: 'digest', digest: parseDigest(text) }
  if (!isTag(text))
    throw new RegistryError('manifest-unknown', 'no such tag', { detail: { tag: text.slice(0, 200) } })
  return { kind: 'tag', tag: text }
}

export function isTag(text: string): boolean {
  return TAG.test(text)
}

function decode(path: string): string {
  if (path.length > MAX_PATH_LENGTH) {
    throw new RegistryError(
      'name-invalid',
      `path of ${path.length} characters: at most ${MAX_PATH_LENGTH} are read`,
    )
  }
  if (!path.includes('%')) return path
  try {
    const decoded = decodeURIComponent(path)
    if (!decoded.includes('\0')) return decoded
  } catch {
    // Falls through to the one refusal below.
  }
  throw new RegistryError('name-invalid', 'malformed percent-encoding')
}
