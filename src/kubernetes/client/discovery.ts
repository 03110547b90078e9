/**
 * The kinds that an API server has, by aggregated discovery: two requests for all of them (stable since Kubernetes
 * 1.30). A group whose own server is down is missing from it, and no other group is hurt by that.
 */
import { fieldAt, listAt, textAt, textsAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'
import { KubernetesError } from './kubernetes-error.ts'
import type { Transport } from './transport/transport.ts'

export type KindName = { readonly apiVersion: string; readonly kind: string }

export type Resource = KindName & {
  /** The name in URLs, such as `deployments`. */
  readonly plural: string
  readonly isNamespaced: boolean
  readonly verbs: ReadonlySet<string>
}

const ACCEPT =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'
/** How often a kind that is missing may make the client ask again: a CRD becomes known within a second or two. */
const ASK_AGAIN_MS = 500

export type DiscoveredKinds = {
  readonly kinds: ReadonlyMap<string, Resource>
  /** Versions of groups whose server did not answer, such as `metrics.k8s.io/v1beta1`. */
  readonly stale: ReadonlySet<string>
}

type Asked = { readonly answer: Promise<DiscoveredKinds>; readonly at: number }

export class Discovery {
  readonly #transport: Transport
  #asked: Asked | undefined

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Asks the server again for a kind that is missing, once for all callers that miss one.
   * @returns nothing for a kind that the server doesn't have. @throws KubernetesError `server` where it can't know,
   * since the server of the group is down, and of any other kind.
   */
  async resource(name: KindName): Promise<Resource | undefined> {
    const asked = this.#ask()
    const first = await asked.answer
    const known = first.kinds.get(keyOf(name))
    if (known !== undefined) return known
    // Another caller may have asked meanwhile, which is as good.
    if (this.#asked === asked && performance.now() - asked.at >= ASK_AGAIN_MS) this.#asked = undefined
    const last = await this.#ask().answer
    const found = last.kinds.get(keyOf(name))
    if (found === undefined && last.stale.has(name.apiVersion))
      throw new KubernetesError('server', `${name.apiVersion}: the server of this API group does not answer`)
    return found
  }

  /** Makes the next question go to the server. */
  forget(): void {
    this.#asked = undefined
  }

  #ask(): Asked {
    if (this.#asked !== undefined) return this.#asked
    const asked = { answer: this.#discover(), at: performance.now() }
    this.#asked = asked
    // A failure isn't remembered.
    asked.answer.catch(() => {
      if (this.#asked === asked) this.#asked = undefined
    })
    return asked
  }

  async #discover(): Promise<DiscoveredKinds> {
    const paths = ['/api', '/apis']
    return readDiscovery(
      await Promise.all(
        paths.map(async (path) => this.#transport.json({ method: 'GET', path, accept: ACCEPT })),
      ),
    )
  }
}

/** @throws KubernetesError `malformed` for an answer that isn't of aggregated discovery (`APIGroupDiscoveryList`). */
export function readDiscovery(answers: readonly Json[]): DiscoveredKinds {
  if (!answers.every((answer) => textAt(answer, 'kind') === 'APIGroupDiscoveryList'))
    throw new KubernetesError(
      'malformed',
      'the server does not list its kinds by aggregated discovery: expected Kubernetes 1.30 or newer',
    )
  const kinds = new Map<string, Resource>()
  const stale = new Set<string>()
  for (const group of answers.flatMap((answer) => listAt(answer, 'items'))) {
    const name = textAt(group, 'metadata', 'name') ?? ''
    for (const version of listAt(group, 'versions')) {
      const apiVersion = [name, textAt(version, 'version') ?? ''].filter((part) => part !== '').join('/')
      if (textAt(version, 'freshness') === 'Stale') stale.add(apiVersion)
      for (const resource of listAt(version, 'resources')) {
        const kind = textAt(resource, 'responseKind', 'kind')
        const plural = textAt(resource, 'resource')
        if (kind === undefined || plural === undefined) continue
        kinds.set(keyOf({ apiVersion, kind }), {
          apiVersion,
          kind,
          plural,
          isNamespaced: fieldAt(resource, 'scope') === 'Namespaced',
          verbs: new Set(textsAt(resource, 'verbs')),
        })
      }
    }
  }
  return { kinds, stale }
}

function keyOf({ apiVersion, kind }: KindName): string {
  return `${apiVersion} ${kind}`
}
