/**
 * Addresses beside the API's: `--metrics-listen` for metrics and health, `--admin-listen` for builds, warming and
 * imports. What has an address of its own isn't there on the API's (404), and nothing else is there on its own.
 */
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'
import { CONNECTION_TIMES } from './connections.ts'

// An import of this module reads all its exports. One of them is a WebSocket, which loads undici: 28 ms of the processor.
const { createServer } = process.getBuiltinModule('node:http')

export type ListenerName = 'metrics' | 'admin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The address that the route has, if that listens. */
    readonly listener?: ListenerName
  }
}

export type ListenerAddress = { readonly host: string; readonly port: number }

export type ListenerOptions = {
  readonly address: ListenerAddress
  /** Makes the server. Default: HTTP without TLS. */
  readonly createServer?: (handler: RequestListener) => Server
}

const arrivals = new WeakMap<IncomingMessage, ListenerName>()

/**
 * To be called before routes are added, since each is marked when it is. The addresses listen once the app is ready,
 * which fails with RegistryError `unavailable` if one of them can't be had.
 */
export function registerListeners(
  app: FastifyInstance,
  options: Readonly<Partial<Record<ListenerName, ListenerOptions | undefined>>>,
): void {
  app.addHook('onRoute', (route) => {
    const listener = listenerOf(route.url, String(route.method))
    if (listener !== undefined) route.config = { ...route.config, listener }
  })
  const names = (['metrics', 'admin'] as const).filter((name) => options[name] !== undefined)
  if (names.length === 0) return
  app.addHook('onRequest', ({ raw, routeOptions, is404, url }, _reply, done) => {
    const own = is404 ? undefined : routeOptions.config.listener
    const expected = own !== undefined && options[own] !== undefined ? own : undefined
    if (arrivals.get(raw) === expected) return done()
    throw new RegistryError('not-found', 'no such endpoint', { detail: { path: url.slice(0, 300) } })
  })
  const servers = new Map<ListenerName, Server>()
  for (const name of names) {
    const handler: RequestListener = (request, response) => {
      arrivals.set(request, name)
      app.routing(request, response)
    }
    const make = options[name]?.createServer ?? plainServer
    servers.set(name, make(handler))
  }
  app.addHook('preClose', async () => {
    for (const server of servers.values()) {
      server.close()
      server.closeIdleConnections()
    }
  })
  app.addHook('onClose', async () => {
    for (const server of servers.values()) server.closeAllConnections()
  })
  app.addHook('onReady', async () => {
    for (const [name, server] of servers) {
      const { host, port } = options[name]?.address ?? { host: '127.0.0.1', port: 0 }
      const text = host.includes(':') ? `[${host}]` : host
      try {
        server.listen(port, host)
        await once(server, 'listening')
      } catch (cause) {
        throw new RegistryError('unavailable', `cannot listen on ${text}:${port} (--${name}-listen)`, {
          cause,
        })
      }
      const { port: taken } = server.address() as AddressInfo
      app.log.info({ listener: name, address: `${text}:${taken}` }, 'listening beside the API')
    }
  })
}

function listenerOf(url: string, method: string): ListenerName | undefined {
  if (['/metrics', '/healthz', '/readyz'].includes(url)) return 'metrics'
  if (url === '/warm' || url === '/builds' || url.startsWith('/builds/')) return 'admin'
  // Reading the binary cache is for everybody who may pull.
  return url.startsWith('/nix-cache') && method === 'PUT' ? 'admin' : undefined
}

function plainServer(handler: RequestListener): Server {
  const { keepAliveTimeout, http } = CONNECTION_TIMES
  return createServer({ keepAliveTimeout, requestTimeout: 0, ...http }, handler)
}
