/** Proxies on loopback in front of a server: one of node:http, a real nginx, and a relay of TCP that leaves no sign. */
import { mkdir, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer as createHttpServer, request } from 'node:http'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startDaemon } from './daemon.ts'
import { freePort } from './free-port.ts'
import { searchPath } from './requirement.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

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
  async (scope, port) => {
    const directory = await temporaryDirectory(scope, 'nginx')
    for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) await mkdir(join(directory, name))
    const own = await freePort()
    const file = join(directory, 'nginx.conf')
    const paths = ['body:client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((pair) => {
      const [name = '', directive = name] = pair.split(':')
      return `${directive}_temp_path ${join(directory, name)};`
    })
    await writeFile(
      file,
      `daemon off; master_process off; pid ${join(directory, 'pid')}; error_log stderr notice;
events { worker_connections 64; }
http {
  access_log off;
  ${paths.join('\n  ')}
  server {
    listen 127.0.0.1:${own};
    location / { proxy_pass http://127.0.0.1:${port}; ${lines} }
  }
}
`,
    )
    await startDaemon(scope, {
      command: ['nginx', '-c', file, '-p', directory, '-e', 'stderr'],
      env: { PATH: searchPath() },
      ready: (line) => (line.includes('start') || line.includes('using the "epoll"') ? true : undefined),
    })
    const url = `http://127.0.0.1:${own}`
    await answers(own)
    return url
  }

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

async function answers(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await setTimeout(20)
  }
  throw new Error(`nothing listens on port ${port}`)
}
