/** Asks a Kubernetes API server in its own JSON, which takes a few milliseconds where kubectl takes a second. */
import type { Json } from '../../src/core/json.ts'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Scope } from './scope.ts'

export type KubernetesAnswer = { readonly status: number; readonly body: unknown }

export type KubernetesClient = {
  /** With strict fields. @param path such as `/api/v1/namespaces/default/pods`. */
  readonly post: (path: string, object: Json, isDryRun?: boolean) => Promise<KubernetesAnswer>
  readonly get: (path: string) => Promise<KubernetesAnswer>
  readonly remove: (path: string) => Promise<KubernetesAnswer>
}

const WAIT_MS = 20
const ESTABLISHED_WITHIN_MS = 30_000

/** @param config of a single cluster, whose user has a token, as support/api-server.ts writes it. */
export function kubernetesClient(scope: Scope, config: string): KubernetesClient {
  const server = /https:\/\/[\w.:]+/.exec(config)?.[0]
  const token = /token: ([\w-]+)/.exec(config)?.[1]
  if (server === undefined || token === undefined) throw new Error('no server or token in the config')
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false })
  scope.teardown(() => agent.destroy())
  const ask = async (method: string, path: string, object?: Json): Promise<KubernetesAnswer> => {
    const asked = request(`${server}${path}`, {
      agent,
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    })
    asked.end(object === undefined ? undefined : JSON.stringify(object))
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    const answer = await text(response)
    const isJson = response.headers['content-type']?.startsWith('application/json') === true
    return { status: response.statusCode ?? 0, body: isJson ? JSON.parse(answer) : answer }
  }
  return {
    post: async (path, object, isDryRun = true) =>
      ask('POST', `${path}?fieldValidation=Strict${isDryRun ? '&dryRun=All' : ''}`, object),
    get: async (path) => ask('GET', path),
    remove: async (path) => ask('DELETE', path),
  }
}

/** Until its objects are checked by it. @returns the refusal, if any. */
export async function establish(
  client: KubernetesClient,
  definition: Json,
  list: string,
): Promise<KubernetesAnswer | undefined> {
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const created = await client.post(definitions, definition, false)
  if (created.status !== 201) return created
  const end = performance.now() + ESTABLISHED_WITHIN_MS
  while (performance.now() < end) {
    if ((await client.get(list)).status === 200) return undefined
    await delay(WAIT_MS)
  }
  throw new Error(`${list} isn't there within ${ESTABLISHED_WITHIN_MS} ms`)
}
