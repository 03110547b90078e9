/** The client of a request: its subject and its address. Limits, policy, the logs and the audit ask here. */
import type { FastifyRequest } from 'fastify'
import { ANONYMOUS, type Subject } from '../../access/subject.ts'

export type Client = {
  readonly subject: Subject
  /** The address of the client. Behind a trusted proxy, the one that the proxy reports. */
  readonly address: string
}

const subjects = new WeakMap<FastifyRequest, Subject>()

/** Returns the client. Its subject is anonymous until the request's credentials are checked. */
export function clientOf(request: FastifyRequest): Client {
  return { subject: subjects.get(request) ?? ANONYMOUS, address: request.ip }
}

/** Remembers whose credentials the request has. To be called by the check of credentials alone. */
export function setSubject(request: FastifyRequest, subject: Subject): void {
  subjects.set(request, subject)
}

/** Returns the key that limits count a client by: its subject, or its address without one. */
export function limitKey({ subject, address }: Client): string {
  return subject.kind === 'anonymous' ? `address:${address}` : subject.name
}
