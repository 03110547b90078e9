/** Asks a Kubernetes API server whether it takes an object. */
import pLimit from 'p-limit'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { KubernetesObject } from '../../src/kubernetes/check/check-objects.ts'
import type { KubernetesAnswer, KubernetesClient } from './kubernetes-client.ts'

/** The server's reason where it refuses the object. */
export type Verdict = { readonly isRefused: boolean; readonly reason: string }

const Resources = Type.Object({
  resources: Type.Array(
    Type.Object({ name: Type.String(), kind: Type.String(), namespaced: Type.Boolean() }),
  ),
})
const resourceList = Compile(Resources)
const Refusal = Compile(Type.Object({ message: Type.String() }))

type Resource = { readonly path: string; readonly isNamespaced: boolean }

const NAMESPACE = 'default'

export class ObjectJudge {
  readonly #client: KubernetesClient
  readonly #services = pLimit(1)
  /** Lists of resources by the path of their group and version. */
  readonly #lists = new Map<string, Promise<KubernetesAnswer>>()

  constructor(client: KubernetesClient) {
    this.#client = client
  }

  /** Creates a namespace, so that objects in it aren't refused for that. */
  async makeNamespace(name: string): Promise<void> {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
    await this.#client.post('/api/v1/namespaces', namespace, false)
  }

  async judge(object: KubernetesObject): Promise<Verdict> {
    const resource = await this.#resource(object)
    if (resource === undefined) return { isRefused: true, reason: `there is no ${object.kind}` }
    const { path, isNamespaced } = resource
    const namespace = object.metadata.namespace ?? NAMESPACE
    const collection = isNamespaced ? path.replace(/[^/]+$/, `namespaces/${namespace}/$&`) : path
    if (object.kind !== 'Service') return verdictOf(await this.#client.post(collection, object))
    // Only where a Service is made, and no other has its name and port, the server looks at the range of node ports.
    return this.#services(async () => {
      const verdict = verdictOf(await this.#client.post(collection, object, false))
      if (!verdict.isRefused) await this.#client.remove(`${collection}/${object.metadata.name}`)
      return verdict
    })
  }

  async #resource({ apiVersion, kind }: KubernetesObject): Promise<Resource | undefined> {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const asked = this.#lists.get(base) ?? this.#client.get(base)
    this.#lists.set(base, asked)
    const { status, body } = await asked
    if (status !== 200) return undefined
    const { resources } = resourceList.Parse(body)
    const found = resources.find((one) => one.kind === kind && !one.name.includes('/'))
    return found === undefined ? undefined : { path: `${base}/${found.name}`, isNamespaced: found.namespaced }
  }
}

function verdictOf({ status, body }: KubernetesAnswer): Verdict {
  return status < 300
    ? { isRefused: false, reason: '' }
    : { isRefused: true, reason: Refusal.Parse(body).message }
}
