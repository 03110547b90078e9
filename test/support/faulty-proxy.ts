/** A proxy in front of an API server that answers some requests itself, as broken proxies do. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { ClusterAccess } from '../../src/kubernetes/client/cluster-access.ts'
import type { Scope } from './scope.ts'

export type Fault =
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  /** The server does what it is asked to do, and the connection breaks before the answer. */
  | 'cut'
  | undefined

/** @returns the way to the server by the proxy. @param fault is asked for each request. */
export async function startFaultyProxy(
  scope: Scope,
  access: ClusterAccess,
  fault: (asked: Pick<IncomingMessage, 'method' | 'url' | 'headers'>) => Fault,
): Promise<ClusterAccess> {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false })
  const server = createServer((asked, response) => {
    const broken = fault(asked)
    if (typeof broken === 'object') {
      asked.resume()
      response.writeHead(broken.status, broken.headers).end(broken.body)
      return
    }
    const { method = 'GET', url = '/', headers } = asked
    const upstream = request(new URL(url, access.server), { agent, method, headers }, (answer) => {
      if (broken === 'cut') {
        answer.resume()
        answer.once('end', () => response.destroy())
        return
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    upstream.on('error', () => response.destroy())
    response.once('close', () => upstream.destroy())
    asked.pipe(upstream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(async () => {
    agent.destroy()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { ...access, server: new URL(`http://127.0.0.1:${address.port}`) }
}
