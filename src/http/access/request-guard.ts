/**
 * Refuses requests that web pages make a browser send. It runs before every route:
 *
 * - a Host that isn't a name of this server is 421. This ends DNS rebinding (see host-name.ts);
 * - a request that another site caused is 403, also a click on its link: a GET may start a build. Browsers name the
 *   relation in Sec-Fetch-Site (W3C Fetch Metadata), and older ones name the site in Origin. Clients of registries send
 *   neither.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'
import { forwardedHostOf, hostOf } from './client.ts'
import {
  isKnownHost,
  parseHost,
  requestedHost,
  type HostName,
  type HostPattern,
  type RequestedHost,
} from './host-name.ts'
import type { LoopbackTrust } from './loopback-trust.ts'

export type GuardOptions = {
  /** Names of the server beside the default ones. */
  readonly hosts: readonly HostPattern[]
  readonly loopback: LoopbackTrust
}

/** A person typed the address, or a page of this server asks. */
const OWN_SITES = ['none', 'same-origin']

export function registerRequestGuard(app: FastifyInstance, options: GuardOptions): void {
  app.addHook('onRequest', (request, reply, done) => {
    try {
      guard(request, options)
    } catch (error) {
      // A body isn't read, so the connection can't serve another request.
      if (request.method !== 'GET' && request.method !== 'HEAD') reply.header('connection', 'close')
      throw error
    }
    done()
  })
}

/**
 * For requests that reach no hook.
 * @returns RegistryError `name-invalid`, `misdirected`, `cross-site`; nothing for a request that may be answered.
 */
export function refusalOf(request: FastifyRequest, options: GuardOptions): RegistryError | undefined {
  try {
    guard(request, options)
    return undefined
  } catch (error) {
    if (error instanceof RegistryError) return error
    throw error
  }
}

/** @throws RegistryError `name-invalid`, `misdirected`, `cross-site`. */
function guard(request: FastifyRequest, { hosts, loopback }: GuardOptions): void {
  loopback.observe(request)
  const host = forwardedHost(request) ?? requestedHost(request.raw, request.originalUrl)
  assertKnownHost(host, hosts)
  assertSameSite(request, host)
}

/** The Host that a trusted proxy was asked for. */
function forwardedHost(request: FastifyRequest): RequestedHost | undefined {
  const text = forwardedHostOf(request)
  return text === undefined ? undefined : (parseHost(text) ?? { kind: 'malformed' })
}

/** Whether a Host that a client sent itself names this server. */
export function isOwnHost(host: RequestedHost, hosts: readonly HostPattern[]): host is HostName {
  return (host.kind === 'address' || host.kind === 'name') && isKnownHost(host, hosts)
}

function assertKnownHost(host: RequestedHost, hosts: readonly HostPattern[]): void {
  if (host.kind === 'absent') return
  if (host.kind === 'malformed')
    throw new RegistryError('name-invalid', 'malformed Host: one name or address is expected, and a port')
  if (isKnownHost(host, hosts)) return
  throw new RegistryError(
    'misdirected',
    `${host.text} is not a name of this registry: use its IP address, or start it with --hosts ${host.text}`,
    { detail: { host: host.text } },
  )
}

function assertSameSite(request: FastifyRequest, host: RequestedHost): void {
  const { headers } = request
  const site = headers['sec-fetch-site']
  const { origin } = headers
  if (
    site === undefined ? origin === undefined || isOriginOf(origin, hostOf(request), host) : isOwnSite(site)
  )
    return
  throw new RegistryError(
    'cross-site',
    'another web site made the browser send this request: to open it, type the address yourself',
    { detail: { site: (typeof site === 'string' ? site : String(origin)).slice(0, 100) } },
  )
}

function isOwnSite(site: string | string[]): boolean {
  return typeof site === 'string' && OWN_SITES.includes(site)
}

/** `http://127.0.0.1:5000` of a page of this server, whose Host is the same with its port. */
function isOriginOf(origin: string, given: string, host: RequestedHost): boolean {
  if (host.kind === 'absent') return false
  return /^https?:\/\/(.*)$/i.exec(origin)?.[1]?.toLowerCase() === given.toLowerCase()
}
