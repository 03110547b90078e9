/** Answers for Kubernetes and Prometheus: `/healthz`, `/readyz` and `/metrics`. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { OperatorMetrics } from './operator-metrics.ts'

export type ListenAddress = { readonly host: string; readonly port: number }

export type Endpoints = { readonly url: string; readonly close: () => Promise<void> }

/** @param isReady whether the operator has reached its cluster. @throws errors of the network. */
export async function openEndpoints(
  { host, port }: ListenAddress,
  metrics: OperatorMetrics,
  isReady: () => boolean,
): Promise<Endpoints> {
  const server = createServer((request, response) => {
    answer(request, response, metrics, isReady).catch(() => response.destroy())
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function answer(
  { method, url }: IncomingMessage,
  response: ServerResponse,
  metrics: OperatorMetrics,
  isReady: () => boolean,
): Promise<void> {
  const send = (status: number, type: string, text: string): void => {
    response.writeHead(status, { 'content-type': type }).end(method === 'HEAD' ? undefined : text)
  }
  if (method !== 'GET' && method !== 'HEAD') return send(405, 'text/plain', 'only GET and HEAD\n')
  switch (url) {
    case '/healthz':
      return send(200, 'text/plain', 'ok\n')
    case '/readyz':
      return isReady()
        ? send(200, 'text/plain', 'ok\n')
        : send(503, 'text/plain', 'the cluster was not reached yet\n')
    case '/metrics':
      return send(200, metrics.contentType, await metrics.text())
    default:
      return send(404, 'text/plain', 'not found\n')
  }
}
