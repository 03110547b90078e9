/** The client of a request: its subject and its address. Limits, policy, the logs and the audit ask here. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ANONYMOUS, type Subject } from '../../access/subject.ts'
import { networkOf } from './guess-limit.ts'
import type { Origin, TrustedProxies } from './trusted-proxies.ts'

export type Client = {
  readonly subject: Subject
  /** The address of the client. Behind a trusted proxy, the one that the proxy reports. */
  readonly address: string
}

/** Properties of the request, and no WeakMap: see connection/response-end.ts. */
const SUBJECT = Symbol('subject')
const ORIGIN = Symbol('origin')

declare module 'fastify' {
  interface FastifyRequest {
    [SUBJECT]?: Subject
    [ORIGIN]?: Origin
  }
}

/** Finds out where requests come from. To be called before all other hooks. */
export function registerOrigins(app: FastifyInstance, proxies: TrustedProxies): void {
  app.decorateRequest(SUBJECT, undefined)
  app.decorateRequest(ORIGIN, undefined)
  app.addHook('onRequest', (request, _reply, done) => {
    request[ORIGIN] = proxies.originOf(request.raw)
    done()
  })
}

/** Returns the client. Its subject is anonymous until the request's credentials are checked. */
export function clientOf(request: FastifyRequest): Client {
  return { subject: request[SUBJECT] ?? ANONYMOUS, address: addressOf(request) }
}

/** Returns the address of the client. */
export function addressOf(request: FastifyRequest): string {
  return request[ORIGIN]?.address ?? request.ip
}

/** Returns `https://registry.example.org`, as the client wrote it. */
export function baseUrlOf(request: FastifyRequest): string {
  return `${request[ORIGIN]?.protocol ?? request.protocol}://${hostOf(request)}`
}

/** Returns the host and port that the client asked for. */
export function hostOf(request: FastifyRequest): string {
  return request[ORIGIN]?.host ?? request.raw.headers.host ?? 'localhost'
}

/** Returns the Host that a trusted proxy reports. */
export function forwardedHostOf(request: FastifyRequest): string | undefined {
  return request[ORIGIN]?.host
}

/** Remembers whose credentials the request has. To be called by the check of credentials alone. */
export function setSubject(request: FastifyRequest, subject: Subject): void {
  request[SUBJECT] = subject
}

/** Returns the key that limits count a client by: its subject, or its address without one. */
export function limitKey({ subject, address }: Client): string {
  return subject.kind === 'anonymous' ? `address:${networkOf(address)}` : subject.name
}
