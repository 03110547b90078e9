/**
 * Asks clients for a certificate, if the operator wants that. The handshake lets everybody in, and requests are refused:
 * so a client learns why, and kubelet's probes, which have no certificate, are answered.
 */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'
import { printable } from '../../core/errors/printable.ts'
import type { ClientAuth } from './client-auth.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether probes of an orchestrator ask for it, which have no certificate. */
    readonly isForProbes?: boolean
  }
}

const MAX_SUBJECT = 200
const subjects = new WeakMap<Socket, string>()

export function registerClientCertificates(app: FastifyInstance, mode: ClientAuth): void {
  if (mode === 'off') return
  app.addHook('onRequest', ({ raw: { socket }, routeOptions }, _reply, done) => {
    done(routeOptions.config.isForProbes === true ? undefined : refusalOf(socket, mode))
  })
}

/** The subject of a client's certificate that an authority of --tls-client-ca has signed. */
export function clientSubject(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const known = subjects.get(socket)
  if (known !== undefined) return known
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const subject = printable(certificate.subject.replaceAll('\n', ', '), MAX_SUBJECT)
  subjects.set(socket, subject)
  return subject
}

function refusalOf(socket: Socket, mode: 'optional' | 'required'): RegistryError | undefined {
  if (!(socket instanceof TLSSocket) || socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined)
    return mode === 'optional'
      ? undefined
      : new RegistryError(
          'certificate-needed',
          'this registry needs a certificate of the client: see --tls-client-ca',
        )
  // Node says an Error, and has a code at run time.
  const code = String(socket.authorizationError)
  return new RegistryError(
    'certificate-needed',
    `the client's certificate is refused: ${REASONS[code] ?? code}`,
    { detail: { subject: printable(certificate.subject.replaceAll('\n', ', '), MAX_SUBJECT) } },
  )
}

const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself, not by --tls-client-ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'it is signed by another authority than --tls-client-ca',
  UNABLE_TO_GET_ISSUER_CERT: 'it is signed by another authority than --tls-client-ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'it is signed by another authority than --tls-client-ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it is signed by another authority than --tls-client-ca',
  INVALID_PURPOSE: 'it is not for clients (extended key usage)',
}
