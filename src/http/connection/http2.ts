/**
 * HTTP/2 over TLS, for clients that choose it: browsers, proxies and tools made with Go. Container runtimes speak
 * HTTP/1.1. Requests and responses get what the rest of the server knows of HTTP/1.1: the socket, the Host header, the
 * end of a connection. Source: RFC 9113.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import {
  constants,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'

export type Http2Connections = {
  /** Serves a connection whose client has chosen HTTP/2. */
  readonly serve: (socket: TLSSocket) => void
  /** Takes no more requests, and closes each connection once its last answer is sent. */
  readonly close: () => void
  readonly destroy: () => void
}

/** Requests of one connection at once. A client that has more waits, or opens another connection. */
const STREAMS = 100
/** Headers of connections, which HTTP/2 hasn't (RFC 9113, section 8.2.2). */
const OF_CONNECTIONS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding'])

const sent = new WeakMap<object, number>()

/** The bytes of an answer's body so far; nothing for an answer over HTTP/1.1. Streams share the bytes of their socket. */
export function bytesOverHttp2(raw: ServerResponse): number | undefined {
  return sent.get(raw)
}

/** @param idleMs after which a connection without requests is closed. */
export function http2Connections(handler: RequestListener, idleMs: number): Http2Connections {
  const sessions = new Map<Http2Session, TLSSocket>()
  const server = createServer({ settings: { maxConcurrentStreams: STREAMS } }, (request, response) => {
    const session = request.stream.session
    const socket = session === undefined ? undefined : sessions.get(session)
    // It was closed meanwhile.
    if (session === undefined || socket === undefined) return
    handler(adaptRequest(request, socket), adaptResponse(response, session))
  })
  let connecting: TLSSocket | undefined
  server.on('session', (session) => {
    if (connecting !== undefined) sessions.set(session, connecting)
    session.once('close', () => sessions.delete(session))
    session.setTimeout(idleMs, () => session.close())
  })
  return {
    serve: (socket) => {
      connecting = socket
      server.emit('connection', socket)
      connecting = undefined
    },
    close: () => {
      for (const session of sessions.keys()) session.close()
    },
    destroy: () => {
      for (const session of sessions.keys()) session.destroy()
    },
  }
}

function adaptRequest(request: Http2ServerRequest, socket: TLSSocket): IncomingMessage {
  const { authority } = request
  if (authority !== '' && request.headers.host !== authority) {
    request.headers.host ??= authority
    // Beside another Host it counts as a second one, which is refused.
    request.rawHeaders.push('host', authority)
  }
  return Object.defineProperty(request, 'socket', { value: socket }) as unknown as IncomingMessage
}

function adaptResponse(response: Http2ServerResponse, session: Http2Session): ServerResponse {
  const { stream } = response
  const writeHead = response.writeHead.bind(response)
  const write = response.write.bind(response) as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean
  sent.set(response, 0)
  return Object.defineProperties(response, {
    // The end of an answer writes by this, too.
    write: {
      value: (chunk: string | Uint8Array, ...rest: unknown[]) => {
        sent.set(response, (sent.get(response) ?? 0) + Buffer.byteLength(chunk))
        return write(chunk, ...rest)
      },
    },
    // HTTP/2 has no reason phrases.
    statusMessage: { value: '', writable: true },
    closed: { get: () => stream.closed || stream.destroyed },
    writableLength: { get: () => stream.writableLength },
    writableFinished: { get: () => stream.writableFinished },
    writableNeedDrain: { get: () => stream.writableNeedDrain },
    destroy: { value: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR) },
    writeHead: {
      value: (status: number, headers: Readonly<Record<string, string | number>> = {}) => {
        if (headers['connection'] === 'close') session.close()
        const kept = Object.entries(headers).filter(([name]) => !OF_CONNECTIONS.has(name.toLowerCase()))
        return writeHead(status, Object.fromEntries(kept))
      },
    },
  }) as unknown as ServerResponse
}
