/**
 * Reads requests that may take the short way: for a manifest, over HTTP/1.1, with headers of a table alone. So a header
 * that means something elsewhere (credentials, a proxy, a browser's site, a trace, a body) needs no thought here.
 */
import type { IncomingMessage } from 'node:http'
import { LRUCache } from 'lru-cache'
import { RegistryError } from '../../core/errors/errors.ts'
import { parseRoute, type Route } from '../../core/oci/route.ts'
import { v2RouteOf } from '../metrics.ts'
import { LAYERS_HEADER } from '../pull/wanted-form.ts'

export type ShortRequest = Pick<Extract<Route, { kind: 'manifest' }>, 'reference' | 'selector'> & {
  readonly method: 'GET' | 'HEAD'
  /** The path, which has no query. */
  readonly url: string
}

/** Headers that clients of registries send, and that the short way answers as the other way does. */
const HEADERS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'user-agent',
  'accept',
  'accept-encoding',
  'docker-distribution-api-version',
  'if-none-match',
  LAYERS_HEADER,
])
/** Paths have a thousand characters at most. */
const MAX_PATHS = 1000
/** A query, and percent-encoding. */
const UNUSUAL = /[?%#]/

const manifests = new LRUCache<string, Extract<Route, { kind: 'manifest' }>>({ max: MAX_PATHS })

/** Returns nothing for a request that has to go the other way. */
export function readShortRequest({
  method,
  url = '',
  httpVersion,
  headers,
}: IncomingMessage): ShortRequest | undefined {
  if ((method !== 'GET' && method !== 'HEAD') || httpVersion !== '1.1') return undefined
  for (const name in headers) if (!HEADERS.has(name)) return undefined
  const route = manifests.get(url) ?? readManifest(url)
  return route === undefined
    ? undefined
    : { method, url, reference: route.reference, selector: route.selector }
}

function readManifest(url: string): Extract<Route, { kind: 'manifest' }> | undefined {
  if (!url.startsWith('/v2/') || UNUSUAL.test(url) || v2RouteOf(url) !== 'manifests') return undefined
  try {
    const route = parseRoute(url.slice('/v2/'.length))
    if (route.kind !== 'manifest') return undefined
    manifests.set(url, route)
    return route
  } catch (error) {
    if (error instanceof RegistryError) return undefined
    throw error
  }
}
