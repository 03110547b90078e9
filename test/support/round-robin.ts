/**
 * A balancer of HTTP requests, as a Service or an ingress with retries: each request goes to the next replica. One that
 * refuses the connection, or breaks before its answer begins, is passed over. A body that breaks off breaks off for the
 * client, too.
 */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Scope } from './scope.ts'

export type Balancer = {
  readonly url: string
  /** Requests that were answered, by port. */
  readonly served: ReadonlyMap<number, number>
  /** Bodies that broke off. */
  readonly cuts: () => number
}

export async function roundRobin(scope: Scope, ports: readonly number[]): Promise<Balancer> {
  const served = new Map<number, number>()
  let turn = 0
  let cuts = 0
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    for (let attempt = 0; attempt < ports.length * 3; attempt++) {
      const port = ports[turn++ % ports.length] ?? 0
      const answer = await ask(incoming, port)
      if (answer === undefined) continue
      served.set(port, (served.get(port) ?? 0) + 1)
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      await pipeline(answer, outgoing).catch(() => {
        cuts += 1
        outgoing.destroy()
      })
      return
    }
    outgoing.writeHead(502).end()
  }
  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, served, cuts: () => cuts }
}

async function ask(
  { method, url, headers }: IncomingMessage,
  port: number,
): Promise<IncomingMessage | undefined> {
  const sent = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false })
  sent.end()
  try {
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    return answer
  } catch {
    return undefined
  }
}
