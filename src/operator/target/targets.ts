/**
 * The clusters that profiles deliver to. Profiles with the same credentials share one client and its watches. A client is
 * closed when no profile uses it any more.
 */
import { textAt } from '../../core/json-fields.ts'
import type { SetName } from '../../delivery/set/object-set.ts'
import { asServiceAccount, type ClusterAccess } from '../../kubernetes/client/cluster-access.ts'
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import { parseKubeconfig } from '../../kubernetes/client/kubeconfig.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import type { TargetSpec } from '../definitions/delivery-profile.ts'
import { boundCluster } from './bound-cluster.ts'
import { TargetWatches, type OnSuspect } from '../drift/target-watches.ts'

export type Target = {
  /** The cluster, as the ServiceAccount that the profile names. */
  readonly cluster: Cluster
  readonly watches: TargetWatches
}

export type TargetsOptions = {
  /** The cluster of the operator, with the operator's own rights. */
  readonly own: Cluster
  readonly ownAccess: ClusterAccess
  /** The account of profiles that name none and deliver to the operator's cluster. Empty: the operator itself. */
  readonly defaultServiceAccount: string
  readonly connect: (access: ClusterAccess) => Cluster
  readonly onSuspect: OnSuspect
}

type Shared = Target & { readonly users: Set<string>; readonly close: () => void }

export class Targets {
  readonly #options: TargetsOptions
  readonly #shared = new Map<string, Shared>()
  /** The client of each user. */
  readonly #keys = new Map<string, string>()

  constructor(options: TargetsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#shared.size
  }

  /**
   * Opens the target of a user, or finds the one that is open. The user keeps it until it opens another one.
   * @param user the key of a profile, with a mark where it has several targets.
   * @param signal ends the requests of the cluster that is returned.
   * @throws KubernetesError `configuration` for a Secret that can't be used.
   */
  async open(user: string, spec: TargetSpec, profile: SetName, signal: AbortSignal): Promise<Target> {
    const { key, make } = await this.#plan(spec, profile, signal)
    const shared = this.#shared.get(key) ?? this.#start(key, make())
    shared.users.add(user)
    const before = this.#keys.get(user)
    this.#keys.set(user, key)
    if (before !== undefined && before !== key) this.#leave(user, before)
    return { ...shared, cluster: boundCluster(shared.cluster, signal) }
  }

  /** Returns the target that a user has open. */
  current(user: string, signal: AbortSignal): Target | undefined {
    const key = this.#keys.get(user)
    const shared = key === undefined ? undefined : this.#shared.get(key)
    return shared === undefined ? undefined : { ...shared, cluster: boundCluster(shared.cluster, signal) }
  }

  /** Closes the target of a user, unless others use it. */
  release(user: string): void {
    const key = this.#keys.get(user)
    this.#keys.delete(user)
    if (key !== undefined) this.#leave(user, key)
  }

  close(): void {
    for (const { close } of this.#shared.values()) close()
    this.#shared.clear()
    this.#keys.clear()
  }

  async #plan(
    { kubeconfig, namespace, serviceAccount }: TargetSpec,
    profile: SetName,
    signal: AbortSignal,
  ): Promise<{ readonly key: string; readonly make: () => readonly [Cluster, () => void] }> {
    const { own, ownAccess, defaultServiceAccount } = this.#options
    if (kubeconfig === undefined) {
      const account = serviceAccount ?? defaultServiceAccount
      return {
        key: JSON.stringify(['own', profile.namespace, account]),
        make: () =>
          account === ''
            ? [own, () => undefined]
            : this.#impersonated(asServiceAccount(ownAccess, profile.namespace, account), own),
      }
    }
    const secret = await own.get(
      { apiVersion: 'v1', kind: 'Secret', namespace: profile.namespace, name: kubeconfig.name },
      signal,
    )
    const place = `Secret ${profile.namespace}/${kubeconfig.name}`
    if (secret === undefined) throw new KubernetesError('configuration', `${place} is not there`)
    const text = textAt(secret, 'data', kubeconfig.key)
    if (text === undefined)
      throw new KubernetesError('configuration', `${place} has no key ${kubeconfig.key}`)
    const access = parsedIn(place, Buffer.from(text, 'base64').toString())
    return {
      key: JSON.stringify([
        profile.namespace,
        kubeconfig.name,
        kubeconfig.key,
        secret.metadata.uid,
        text,
        serviceAccount === undefined ? '' : `${namespace}/${serviceAccount}`,
      ]),
      make: () => {
        const plain = this.#options.connect(access)
        if (serviceAccount === undefined) return [plain, () => plain.close()]
        const [cluster, close] = this.#impersonated(
          asServiceAccount(access, namespace, serviceAccount),
          plain,
        )
        return [cluster, () => [close(), plain.close()]]
      },
    }
  }

  /** The identity of a cluster is asked for with the rights of the kubeconfig: accounts needn't have that right. */
  #impersonated(access: ClusterAccess, plain: Cluster): readonly [Cluster, () => void] {
    const cluster = this.#options.connect(access)
    return [{ ...cluster, identity: plain.identity }, () => cluster.close()]
  }

  #start(key: string, [cluster, close]: readonly [Cluster, () => void]): Shared {
    const watches = new TargetWatches(cluster, this.#options.onSuspect)
    const shared: Shared = {
      cluster,
      watches,
      users: new Set(),
      close: () => {
        watches.close()
        close()
      },
    }
    this.#shared.set(key, shared)
    return shared
  }

  #leave(user: string, key: string): void {
    const shared = this.#shared.get(key)
    if (shared === undefined) return
    shared.users.delete(user)
    shared.watches.unwatch(user)
    if (shared.users.size > 0) return
    this.#shared.delete(key)
    shared.close()
  }
}

function parsedIn(place: string, text: string): ClusterAccess {
  try {
    return parseKubeconfig(text)
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error
    throw new KubernetesError('configuration', `${place}: ${error.message}`, { cause: error })
  }
}
