/** Tells clients how to identify themselves: clients of registries by a token of /token, others by Basic. */
import type { FastifyRequest } from 'fastify'
import { printable } from '../../core/errors/printable.ts'
import { baseUrlOf } from './client.ts'

/** The service that tokens are for, as clients repeat it. */
const SERVICE = 'pushless'
const NAME = /^\/v2\/(nix\/store\/[A-Za-z0-9+._?=/-]+?)\/(?:manifests|blobs|tags|referrers)\//
const MAX_NAME = 300

/** The value of WWW-Authenticate (Distribution, "Token Authentication Specification"). */
export function challengeOf(request: FastifyRequest): string {
  const { url } = request
  if (url !== '/v2' && !url.startsWith('/v2/')) return 'Basic realm="pushless"'
  const base = printable(baseUrlOf(request), MAX_NAME).replaceAll(/["\\]/g, '')
  const name = NAME.exec(url.replaceAll(/\/{2,}/g, '/'))?.[1]
  const scope = name === undefined ? '' : `,scope="repository:${name.slice(0, MAX_NAME)}:pull"`
  return `Bearer realm="${base}/token",service="${SERVICE}"${scope}`
}
