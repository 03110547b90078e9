/**
 * The HTTP server over TLS. A client has HTTP/1.1 unless it chooses HTTP/2 (http2.ts).
 *
 * `connection` events are about TCP, as without TLS. `transportOf` finds the TCP connection of a request.
 */
import { createServer } from 'node:https'
import type { RequestListener, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import { http2Connections, type Http2Connections } from './http2.ts'
import { answerPlainHttp, isPlainHttp } from './plain-http.ts'

export type TlsService = {
  /** The certificates as they are now. To be asked for each new connection. */
  readonly current: () => TlsCertificates
  /** Whether clients are asked for a certificate. */
  readonly asksClients: boolean
}

/** In PEM. The same object for as long as nothing changes. */
type TlsCertificates = {
  readonly cert: string
  readonly key: string
  readonly clientCa: string | undefined
}

export type ServerTimes = {
  readonly keepAliveTimeout: number
  readonly headersTimeout: number
  readonly connectionsCheckingInterval: number
}

const transports = new WeakMap<Socket, Socket>()

/** The TCP connection below a TLS one; a TCP connection itself. */
export function transportOf(socket: Socket): Socket {
  return transports.get(socket) ?? socket
}

/** Makes the server. A client has `headersTimeout` for its first byte, and again for the handshake. */
export function createTlsServer(
  { current, asksClients }: TlsService,
  { keepAliveTimeout, headersTimeout, connectionsCheckingInterval }: ServerTimes,
  handler: RequestListener,
): Server {
  let used = current()
  const server = createServer(
    {
      ...contextOf(used),
      ALPNProtocols: ['h2', 'http/1.1'],
      // Who has none, or a wrong one, gets an answer in words: see client-certificate.ts.
      requestCert: asksClients,
      rejectUnauthorized: false,
      handshakeTimeout: headersTimeout,
      headersTimeout,
      connectionsCheckingInterval,
      requestTimeout: 0,
      keepAliveTimeout,
    },
    handler,
  )
  const shaking = new Map<string, Socket>()
  const handshake = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    onFirstByte(socket, headersTimeout, (byte) => {
      if (isPlainHttp(byte)) return answerPlainHttp(socket)
      const now = current()
      // Connections that are open keep what they began with.
      if (now !== used) server.setSecureContext(contextOf(now))
      used = now
      const ends = endsOf(socket)
      shaking.set(ends, socket)
      socket.once('close', () => shaking.delete(ends))
      for (const listener of handshake) Reflect.apply(listener, server, [socket])
    })
  })
  const http2 = http2Connections(handler, keepAliveTimeout)
  const http1 = server.listeners('secureConnection')
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    const transport = shaking.get(endsOf(socket))
    if (transport !== undefined) transports.set(socket, transport)
    shaking.delete(endsOf(socket))
    if (socket.alpnProtocol === 'h2') http2.serve(socket)
    else for (const listener of http1) Reflect.apply(listener, server, [socket])
  })
  return closingBoth(server, http2)
}

/** Node's server knows the connections of HTTP/1.1 alone. */
function closingBoth(server: Server, http2: Http2Connections): Server {
  const close = server.close.bind(server)
  const closeAllConnections = server.closeAllConnections.bind(server)
  return Object.assign(server, {
    close: (callback?: (error?: Error) => void) => {
      http2.close()
      return close(callback)
    },
    closeAllConnections: () => {
      http2.destroy()
      closeAllConnections()
    },
  })
}

function contextOf({ cert, key, clientCa }: TlsCertificates): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2', ...(clientCa === undefined ? {} : { ca: clientCa }) }
}

/** Calls back once with the first byte, which stays unread. A connection without one is closed after a while. */
function onFirstByte(socket: Socket, limitMs: number, found: (byte: number) => void): void {
  const timer = setTimeout(() => socket.destroy(), limitMs)
  const stop = () => clearTimeout(timer)
  socket.once('close', stop)
  // Before the handshake nothing else listens for errors, and one would end the process.
  socket.on('error', ignoreError)
  socket.once('data', (bytes: Buffer) => {
    stop()
    socket.off('close', stop)
    socket.pause()
    socket.unshift(bytes)
    found(bytes[0] ?? 0)
  })
}

function ignoreError(): void {
  // The connection closes by itself.
}

/** Both ends of a connection, which no other open connection has. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ')
}
