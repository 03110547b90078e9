/** An HTTP server that answers as a test says: a stand-in for API servers that are slow, broken or far away. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Json } from '../../src/core/json.ts'
import type { ClusterAccess } from '../../src/kubernetes/client/cluster-access.ts'
import type { Scope } from './scope.ts'

export type ScriptedRequest = {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** @param count of requests with the same method and path so far, this one included. */
export type Script = (
  request: ScriptedRequest,
  response: ServerResponse,
  count: number,
) => void | Promise<void>

export type ScriptedServer = {
  readonly access: ClusterAccess
  /** Requests so far. */
  readonly requests: readonly ScriptedRequest[]
  /** How many of them had this method and path. */
  readonly count: (method: string, path: string) => number
  /** TCP connections so far. */
  readonly connections: () => number
  /** The highest number of requests that were answered at once. */
  readonly atOnce: () => number
}

export async function startScriptedServer(scope: Scope, script: Script): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = []
  let [connections, running, atOnce] = [0, 0, 0]
  const count = (method: string, path: string): number =>
    requests.filter((one) => one.method === method && pathOf(one) === path).length
  const answer = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    running += 1
    atOnce = Math.max(atOnce, running)
    response.once('close', () => (running -= 1))
    const { method = '', url = '', headers } = asked
    const query = new URL(url, 'http://x').searchParams
    const request = { method, path: url, query, headers, body: await text(asked) }
    requests.push(request)
    await script(request, response, count(method, pathOf(request)))
  }
  const server = createServer((asked, response) => void answer(asked, response))
  server.on('connection', () => (connections += 1))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    access: {
      server: new URL(`http://127.0.0.1:${address.port}`),
      authorities: undefined,
      isVerified: true,
      serverName: undefined,
      proxy: undefined,
      namespace: 'default',
      credentials: { certificate: undefined, bearer: { kind: 'token', token: 'secret' } },
      impersonation: undefined,
    },
    requests,
    count,
    connections: () => connections,
    atOnce: () => atOnce,
  }
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: Json,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** A failure as Kubernetes says it. */
export function statusObject(code: number, reason: string, message: string): Json {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }
}

/** Answers discovery with ConfigMaps and Leases. @returns whether the request was for that. */
export function answerDiscovery({ path }: ScriptedRequest, response: ServerResponse): boolean {
  if (path === '/api') answerJson(response, 200, groups('', 'v1', 'configmaps', 'ConfigMap'))
  else if (path === '/apis') answerJson(response, 200, groups('coordination.k8s.io', 'v1', 'leases', 'Lease'))
  else return false
  return true
}

/** An answer of aggregated discovery with one kind. */
export function groups(group: string, version: string, resource: string, kind: string): Json {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    items: [
      {
        metadata: { name: group },
        versions: [
          {
            version,
            freshness: 'Current',
            resources: [
              {
                resource,
                responseKind: { group, version, kind },
                scope: 'Namespaced',
                verbs: ['get', 'list', 'watch'],
              },
            ],
          },
        ],
      },
    ],
  }
}

function pathOf({ path }: ScriptedRequest): string {
  return path.replace(/\?.*/, '')
}
