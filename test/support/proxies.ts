/** Proxies on loopback in front of a server: one of node:http, a real nginx, and a relay of TCP that leaves no sign. */
import { once } from 'node:events'
import { createServer as createHttpServer, request } from 'node:http'
import { connect, createServer, type Server } from 'node:net'
import { startNginx } from './nginx.ts'
import type { Scope } from './scope.ts'

export type Proxy = (scope: Scope, port: number) => Promise<string>

/** Passes requests on with `X-Forwarded-For`. @returns its URL. */
export const httpProxy: Proxy = async (scope, port) => {
  const server = createHttpServer((incoming, outgoing) => {
    const { method, url, headers } = incoming
    const forwarded = { ...headers, host: `127.0.0.1:${port}`, 'x-forwarded-for': '192.0.2.1' }
    const upstream = request(
      { port, host: '127.0.0.1', path: url, headers: forwarded, ...(method === undefined ? {} : { method }) },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      },
    )
    upstream.on('error', () => outgoing.destroy())
    incoming.pipe(upstream)
  })
  scope.teardown(() => server.closeAllConnections())
  return listening(scope, server)
}

/** Passes bytes on, as `socat`, `ssh -L` and load balancers of TCP do. @returns its URL. */
export const tcpRelay: Proxy = async (scope, port) =>
  listening(
    scope,
    createServer((client) => {
      const upstream = connect(port, '127.0.0.1')
      client.pipe(upstream).pipe(client)
      for (const socket of [client, upstream])
        socket.on('error', () => [client, upstream].map((one) => one.destroy()))
    }),
  )

/** nginx with `proxy_pass` and nothing else; with these lines of configuration beside it. Needs nginx. */
export const nginxProxy =
  (lines = ''): Proxy =>
  async (scope, port) =>
    (await startNginx(scope, `location / { proxy_pass http://127.0.0.1:${port}; ${lines} }`)).url

async function listening(scope: Scope, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => void server.close())
  return `http://127.0.0.1:${portOf(server)}`
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
