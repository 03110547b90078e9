/**
 * Whether a connection from loopback means that somebody on this machine asks. A proxy on this machine connects from
 * loopback, too, and asks for others. Proxies say so in headers, but not in all requests: so the first such header ends
 * the trust until the server is restarted. A relay of TCP leaves no sign, and needs --open-on-loopback=false.
 */
import type { FastifyRequest } from 'fastify'
import { addressOf } from './client.ts'
import { isOwnAddress, requestedHost, type RequestedHost } from './host-name.ts'
import { isLoopback } from './peer.ts'

/** A request that came through a proxy. @param sign the header, or the version of HTTP, that shows it. */
export type ProxyListener = (sign: string, request: FastifyRequest) => void

/** Headers in which proxies and load balancers name the client that they ask for. */
const FORWARDED = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'x-original-forwarded-for',
])
const FORWARDED_PREFIXES = ['x-forwarded', 'x-envoy-', 'cf-'] as const
/** nginx before 1.29.7 speaks it to what is behind it, and by default sends no header. Clients of registries don't. */
const OLD_HTTP = '1.0'

export class LoopbackTrust {
  readonly #onProxy: ProxyListener
  #isTrusted: boolean

  /**
   * @param isOpen the setting --open-on-loopback.
   * @param onProxy hears the first request that came through a proxy, if there was trust until then.
   */
  constructor(isOpen: boolean, onProxy: ProxyListener = () => undefined) {
    this.#isTrusted = isOpen
    this.#onProxy = onProxy
  }

  /** Whether loopback is open, and no request came through a proxy yet. */
  get isTrusted(): boolean {
    return this.#isTrusted
  }

  /** Looks for signs of a proxy. To be called with every request, before anything is decided. */
  observe(request: FastifyRequest): void {
    if (!this.#isTrusted) return
    const sign = signOfProxy(request)
    if (sign === undefined) return
    this.#isTrusted = false
    this.#onProxy(sign, request)
  }

  /** Whether somebody on this machine asks: by the connection's address, and by a name that means this machine. */
  isLocal(request: FastifyRequest): boolean {
    return this.isLocalClient(addressOf(request), () => requestedHost(request.raw, request.originalUrl))
  }

  /** As `isLocal`, for a client's address and the host that it asks for. */
  isLocalClient(address: string, hostOf: () => RequestedHost): boolean {
    if (!this.#isTrusted || !isLoopback(address)) return false
    const host = hostOf()
    return host.kind !== 'absent' && host.kind !== 'malformed' && isOwnAddress(host)
  }
}

function signOfProxy({ raw }: FastifyRequest): string | undefined {
  if (raw.httpVersion === OLD_HTTP) return `HTTP/${OLD_HTTP}`
  return Object.keys(raw.headers).find(
    (name) => FORWARDED.has(name) || FORWARDED_PREFIXES.some((prefix) => name.startsWith(prefix)),
  )
}
