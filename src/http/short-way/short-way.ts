/**
 * Answers requests for manifests that are remembered, before they reach fastify. A router, a chain of hooks and their
 * promises took a quarter of the processor time of such a request (measured).
 *
 * Nothing is decided here. Each step asks the same code as its hook does: host, subject, rules, limits, the image and
 * its root, the log, metrics. What one of them can't answer at once, and every request that is unusual, goes the other
 * way, as if this file weren't there. Tests compare both ways.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Subject } from '../../access/subject.ts'
import { askedBy } from '../../core/asker.ts'
import type { Document } from '../../core/oci/image.ts'
import { entityTagText, evaluatePreconditions } from '../../core/oci/preconditions.ts'
import { isReferrerTag, type Referrers } from '../../insight/referrers/referrers.ts'
import type { Registry } from '../../registry/registry.ts'
import type { ClientUses } from '../access/client-limits.ts'
import { limitKey } from '../access/client.ts'
import { requestedHost } from '../access/host-name.ts'
import type { PullGate } from '../access/pull-gate.ts'
import { isOwnHost, type GuardOptions } from '../access/request-guard.ts'
import type { TrustedProxies } from '../access/trusted-proxies.ts'
import type { ConnectionUse } from '../connection/connections.ts'
import { hasTurn, takeTurn } from '../connection/loop-turn.ts'
import type { TurnsOf } from '../connection/pipelining.ts'
import { closeWhenStalled } from '../connection/stalled-clients.ts'
import type { Metrics } from '../metrics.ts'
import { varyOf } from '../pull/conditional.ts'
import { takesIndex } from '../pull/takes-index.ts'
import { LAYERS_HEADER, wantedForm } from '../pull/wanted-form.ts'
import { logAnswer } from '../request-log.ts'
import { readShortRequest, type ShortRequest } from './short-request.ts'

export type ShortWayParts = GuardOptions & {
  readonly registry: Pick<Registry, 'recalledManifest'>
  readonly referrers: Pick<Referrers, 'isKnown'>
  readonly gate: Pick<PullGate, 'admitsAtOnce'>
  readonly proxies: TrustedProxies
  /** The subject of a request without credentials. */
  readonly anonymous: (isLocal: boolean) => Subject
  readonly turnsOf: TurnsOf
  readonly connections: ConnectionUse
  readonly uses: ClientUses
  readonly metrics: Metrics
  readonly requestId: (raw: IncomingMessage) => string
  readonly log: FastifyBaseLogger
}

/** The sender of a request that may be answered. */
type Sender = { readonly subject: Subject; readonly address: string; readonly key: string }

/** The work for such an answer, in parts of that for other requests (measured). */
const SHARE = 1 / 4

/** To be called last. Answers what it can, and gives all else to the listener that the server had. */
export function registerShortWay(app: FastifyInstance, parts: ShortWayParts): void {
  const { server } = app
  let isOpen = true
  // A server that stops says so in its answers.
  app.addHook('preClose', async () => void (isOpen = false))
  const others = server.listeners('request')
  server.removeAllListeners('request')
  server.on('request', (raw, response) => {
    if (isOpen && answerAtOnce(raw, response, parts)) return
    for (const listener of others) Reflect.apply(listener, server, [raw, response])
  })
}

/** Returns whether it has answered. If not, nothing has changed. */
function answerAtOnce(raw: IncomingMessage, response: ServerResponse, parts: ShortWayParts): boolean {
  const begun = performance.now()
  try {
    const request = readShortRequest(raw)
    const sender = request === undefined ? undefined : senderOf(raw, request, parts)
    if (request === undefined || sender === undefined) return false
    const requestId = parts.requestId(raw)
    const { key, address, subject } = sender
    const document = askedBy({ key, address, subject: subject.name, requestId }, () =>
      findDocument(request, raw, parts),
    )
    if (document === undefined) return false
    send(raw, response, { request, sender, requestId, document, begun }, parts)
    return true
  } catch (error) {
    if (response.headersSent) throw error
    // The other way meets the same trouble, and says so in its answer.
    return false
  }
}

/** Returns nothing where one of them has to say no, or has to think about it. */
function senderOf(
  raw: IncomingMessage,
  { url, reference }: ShortRequest,
  { turnsOf, connections, hosts, proxies, loopback, anonymous, gate, uses }: ShortWayParts,
): Sender | undefined {
  const { socket } = raw
  if (socket.destroyed || turnsOf(socket).isBusy || connections.isSurplus(socket) || !hasTurn())
    return undefined
  const host = requestedHost(raw, url)
  if (!isOwnHost(host, hosts)) return undefined
  const { address } = proxies.originOf(raw)
  const subject = anonymous(loopback.isLocalClient(address, () => host))
  const key = limitKey({ subject, address })
  if (uses.excess(key) !== undefined || !gate.admitsAtOnce(subject, reference)) return undefined
  return { subject, address, key }
}

function findDocument(
  { reference, selector }: ShortRequest,
  { headers }: IncomingMessage,
  { registry, referrers }: ShortWayParts,
): Document | undefined {
  const mayBeReferrer =
    selector.kind === 'tag' ? isReferrerTag(selector.tag) : referrers.isKnown(reference, selector.digest)
  if (mayBeReferrer) return undefined
  return registry.recalledManifest(reference, selector, {
    takesIndex: takesIndex(headers.accept),
    form: wantedForm(headers[LAYERS_HEADER]),
  })
}

type Answer = {
  readonly request: ShortRequest
  readonly sender: Sender
  readonly requestId: string
  readonly document: Document
  readonly begun: number
}

function send(raw: IncomingMessage, response: ServerResponse, answer: Answer, parts: ShortWayParts): void {
  const { request, document } = answer
  const { bytes, digest, mediaType } = document
  const tag = { opaque: digest, isWeak: false }
  const ifNoneMatch = raw.headers['if-none-match']
  const isNew = evaluatePreconditions({ ifNoneMatch }, tag) === 'perform'
  const isWhole = isNew && request.method === 'GET'
  const { socket } = raw
  const headers = [
    'vary',
    varyOf(request.selector),
    'docker-content-digest',
    digest,
    'etag',
    entityTagText(tag),
  ]
  if (isNew) headers.push('content-type', mediaType, 'content-length', String(bytes.length))
  // It throws for a header that can't be sent, and then nothing is counted yet.
  response.writeHead(isNew ? 200 : 304, headers)
  countUntilEnd(socket, response, answer, isWhole ? bytes.length : 0, parts)
  if (isWhole) response.end(bytes)
  else response.end()
  // Almost always the kernel has taken all of it.
  if (socket.writableLength > 0) closeWhenStalled(response, parts.log.child(bindingsOf(answer)))
}

/** Counts and logs the request as the hooks do. */
function countUntilEnd(
  socket: Socket,
  response: ServerResponse,
  answer: Answer,
  bytes: number,
  { turnsOf, connections, uses, metrics, log }: ShortWayParts,
): void {
  const { sender, request, document, begun } = answer
  const { subject, key } = sender
  const { method, url } = request
  const turns = turnsOf(socket)
  const sentBefore = socket.bytesWritten
  takeTurn(SHARE)
  turns.take()
  connections.begin(socket)
  metrics.beginRequest()
  const use = uses.begin(key)
  use.bytes += bytes
  response.on('close', () => {
    const ms = performance.now() - begun
    turns.give()
    const digest = document.digest
    logAnswer(log, response, { method, url, route: ROUTE, subject, digest, ms, sender: bindingsOf(answer) })
    connections.end(socket)
    metrics.endRequest({
      route: ROUTE,
      method,
      status: response.statusCode,
      ms,
      bytes: socket.bytesWritten - sentBefore,
    })
    uses.end(key, use)
    use.bytes -= bytes
  })
}

/** The fields that fastify gives the lines of a request. */
function bindingsOf({ requestId, sender: { address } }: Answer): { reqId: string; address: string } {
  return { reqId: requestId, address }
}

/** As logs and metrics call it. */
const ROUTE = 'manifests'
