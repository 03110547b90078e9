/** Makes single requests to one API server, over connections that stay open. */
import { once } from 'node:events'
import {
  Agent as PlainAgent,
  request as plainRequest,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http'
import { Agent, request } from 'node:https'
import { explainSystemError, systemCode } from '../../../core/errors/system-error.ts'
import { impersonationHeaders, type RequestSecrets } from '../credentials/authorization.ts'
import type { ClusterAccess, KeyPair } from '../cluster-access.ts'
import { KubernetesError } from '../kubernetes-error.ts'

export type KubernetesRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly body?: string | undefined
  readonly contentType?: string | undefined
  readonly accept?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** An API server closes idle connections after 90 s, and balancers before it after 60 s. */
const IDLE_MS = 30_000
/** Codes of connections that were never made. */
const UNSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
/** Codes of certificates that don't fit: of Node (tls, ERR_TLS_), and of OpenSSL (X509_V_ERR_). */
const CERTIFICATE = /^(?:CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_)/

export class Connection {
  readonly #access: ClusterAccess
  readonly #answerMs: number
  #isClosed = false
  #agent: { readonly agent: Agent | PlainAgent; readonly cert: string | undefined } | undefined

  /** @param answerMs milliseconds until an answer must have begun. */
  constructor(access: ClusterAccess, answerMs: number) {
    this.#access = access
    this.#answerMs = answerMs
  }

  /** @returns the answer, whatever its status. @throws KubernetesError `unreachable`, `timeout` or `configuration`. */
  async ask(asked: KubernetesRequest, secrets: RequestSecrets): Promise<IncomingMessage> {
    const { signal, body } = asked
    const { host } = this.#access.server
    signal?.throwIfAborted()
    if (this.#isClosed) throw new KubernetesError('configuration', `${host}: this client is closed`)
    const late = new KubernetesError('timeout', `${host}: no answer within ${this.#answerMs / 1000} s`)
    const sent = this.#request(asked, secrets)
    // A connection may also break after its answer; the answer reports that.
    sent.on('error', () => {})
    const timer = setTimeout(() => sent.destroy(late), this.#answerMs)
    try {
      sent.end(body)
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      return response
    } catch (cause) {
      signal?.throwIfAborted()
      throw cause === late ? late : brokenConnection(host, cause, sent.reusedSocket)
    } finally {
      clearTimeout(timer)
    }
  }

  /** @throws KubernetesError as `ask` does, for an answer that broke while it was read. */
  broken(cause: unknown, signal: AbortSignal | undefined): KubernetesError {
    signal?.throwIfAborted()
    return cause instanceof KubernetesError ? cause : brokenConnection(this.#access.server.host, cause)
  }

  /** Breaks all connections, and makes no more. */
  close(): void {
    this.#isClosed = true
    this.#agent?.agent.destroy()
  }

  #request(
    {
      method,
      path,
      body,
      contentType = 'application/json',
      accept = 'application/json',
      signal,
    }: KubernetesRequest,
    { authorization, certificate }: RequestSecrets,
  ): ClientRequest {
    const { server, impersonation } = this.#access
    const isPlain = server.protocol === 'http:'
    try {
      return (isPlain ? plainRequest : request)(joined(server, path), {
        agent: this.#agentWith(certificate),
        method,
        headers: {
          accept,
          'user-agent': 'pushless',
          ...(authorization === undefined ? {} : { authorization }),
          ...(body === undefined
            ? {}
            : { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }),
          ...impersonationHeaders(impersonation),
        },
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (cause) {
      // Node reads certificates when it connects.
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new KubernetesError('configuration', `${server.host}: no request can be made: ${reason}`, {
        cause,
      })
    }
  }

  /** The agent keeps connections, which belong to the certificate that they were made with. */
  #agentWith(certificate: KeyPair | undefined): Agent | PlainAgent {
    if (this.#agent !== undefined && this.#agent.cert === certificate?.cert) return this.#agent.agent
    const { server, authorities, isVerified, serverName, proxy } = this.#access
    const kept = { keepAlive: true, timeout: IDLE_MS, ...(proxy === undefined ? {} : { proxyEnv: proxy }) }
    const agent =
      server.protocol === 'http:'
        ? new PlainAgent(kept)
        : new Agent({
            ...kept,
            rejectUnauthorized: isVerified,
            ...(authorities === undefined ? {} : { ca: authorities }),
            ...(serverName === undefined ? {} : { servername: serverName }),
            ...certificate,
          })
    // Idle connections of the former certificate end by themselves, after IDLE_MS.
    this.#agent = { agent, cert: certificate?.cert }
    return agent
  }
}

/** The server's own path comes first: managed clusters have one, such as `/k8s/clusters/c-1`. */
function joined(server: URL, path: string): URL {
  return new URL(server.pathname.replace(/\/$/, '') + path, server)
}

/** @param isReused the connection had been kept: the server may have closed it before the request. */
function brokenConnection(host: string, cause: unknown, isReused = false): KubernetesError {
  const code = codeOf(cause)
  const message = cause instanceof Error ? cause.message : String(cause)
  if (CERTIFICATE.test(code))
    return new KubernetesError('configuration', `${host}: TLS fails: ${message} (${code})`, { cause })
  const system = systemCode(cause) === undefined ? undefined : explainSystemError(cause, host)
  return new KubernetesError('unreachable', system ?? `${host}: ${message}`, {
    cause,
    isUnsent: UNSENT.has(code) || (isReused && code === 'ECONNRESET'),
  })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
