/**
 * The access log: a line for each request once its connection has the answer, or can't get it any more. A pull makes a
 * hundred requests, so they are logged at `debug`; the one that gets the manifest is at `info`. Every line has the
 * address that connected, also those of refusals (errors.ts). What a proxy says of the client is beside it, as said.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { TrustedProxies } from './access/trusted-proxies.ts'
import type { Subject } from '../access/subject.ts'
import { printable } from '../core/errors/printable.ts'
import { clientOf } from './access/client.ts'
import { clientSubject } from './access/client-certificate.ts'
import { atEnd } from './connection/response-end.ts'
import { routeOf } from './metrics.ts'

/**
 * How a request ended: `sent` is all of the answer, `left` is a client that went away before, `cut` a download that
 * this server broke off.
 */
type Outcome = 'sent' | 'left' | 'cut'

type LoggedRequest = Pick<FastifyRequest, 'method' | 'url'> & {
  /** As `routeOf` gives it. */
  readonly route: string
  readonly subject: Subject
  /** The digest of the manifest that was sent. */
  readonly digest: unknown
  /** From its beginning to its end. */
  readonly ms: number
  /** For a logger that isn't the request's own: the fields that its lines begin with. */
  readonly sender?: { readonly reqId: string; readonly address: string }
}

/** Names of store paths have 211 characters at most. */
const MAX_URL = 500
/** A chain of a few proxies. */
const MAX_FORWARDED = 200
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip'] as const

/** The messages of lines about answers. */
const ANSWERS = { pull: 'pull', other: 'request' } as const

const cuts = new WeakSet<ServerResponse>()

/** To be called before the response is destroyed because of our own fault. */
export function noteCut(raw: ServerResponse): void {
  cuts.add(raw)
}

/** The fields of log lines about a request, beside its sender. */
export function requestFacts({ method, url }: FastifyRequest): {
  readonly method: string
  readonly url: string
} {
  return { method, url: printable(url, MAX_URL) }
}

/** The function that gives each request its logger. */
export type RequestLogger = (
  logger: FastifyBaseLogger,
  bindings: object,
  options: object,
  raw: IncomingMessage,
) => FastifyBaseLogger

/** The logger of a request: each of its lines has `address`, `client` where the client has a certificate, and `forwarded` if a proxy says for whom it asks. */
export function requestLogger(proxies: TrustedProxies): RequestLogger {
  return (logger, bindings, options, raw) => loggerOf(proxies, logger, bindings, options, raw)
}

function loggerOf(
  proxies: TrustedProxies,
  logger: FastifyBaseLogger,
  bindings: object,
  options: object,
  raw: IncomingMessage,
): FastifyBaseLogger {
  const { socket, headers } = raw
  const said = FORWARDED.map((name) => headers[name]).find((value) => value !== undefined)
  const forwarded = said === undefined ? {} : { forwarded: printable(String(said), MAX_FORWARDED) }
  const client = clientSubject(socket)
  const certificate = client === undefined ? {} : { client }
  return logger.child(
    { ...bindings, address: proxies.originOf(raw).address, ...certificate, ...forwarded },
    options,
  )
}

/** To be called first: it also logs what later hooks refuse. */
export function registerRequestLog(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const begun = performance.now()
    atEnd(reply.raw, () => logRequest(request, reply, performance.now() - begun))
    done()
  })
}

function logRequest(request: FastifyRequest, reply: FastifyReply, ms: number): void {
  const { method, url, log } = request
  const { subject } = clientOf(request)
  const digest = reply.getHeader('docker-content-digest')
  logAnswer(log, reply.raw, { method, url, route: routeOf(request), subject, digest, ms })
}

/** Whether a line with this message is one of `logAnswer`. */
export function isOfAnswer(message: string | undefined): boolean {
  return message === ANSWERS.pull || message === ANSWERS.other
}

/** Logs a request whose answer is over. */
export function logAnswer(
  log: FastifyBaseLogger,
  raw: ServerResponse,
  { method, url, route, subject, digest, ms, sender }: LoggedRequest,
): void {
  const outcome: Outcome = raw.writableFinished ? 'sent' : cuts.has(raw) ? 'cut' : 'left'
  const isOk = raw.statusCode === 200 || raw.statusCode === 304
  const isPull = isOk && method === 'GET' && route === 'manifests' && outcome === 'sent'
  // One object with all fields: pino leaves out those without a value, and several objects in one take longer.
  const facts = {
    reqId: sender?.reqId,
    address: sender?.address,
    method,
    url: printable(url, MAX_URL),
    subject: subject.kind === 'anonymous' ? undefined : subject.name,
    // A client that leaves before the answer has seen no status.
    status: raw.headersSent ? raw.statusCode : undefined,
    outcome,
    ms: Math.round(ms),
    digest: isPull ? digest : undefined,
  }
  if (isPull) log.info(facts, ANSWERS.pull)
  else log.debug(facts, ANSWERS.other)
}

/** Fastify's own lines: without those that are ours. */
export class RequestLog extends LogController {
  override incomingRequest(): void {
    // What arrives is logged once it is answered.
  }

  override requestCompleted(): void {
    // Fastify doesn't call this for an answer that is cut.
  }

  override streamError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    // The access log says that the client left.
    if ('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE') return
    noteCut(reply.raw)
    request.log.error({ err: error, ...requestFacts(request) }, 'download cut')
  }
}
