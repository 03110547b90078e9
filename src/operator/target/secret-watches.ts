/**
 * Watches the Secrets that have the kubeconfigs of targets, so that a new one counts at once. There is one watch for each
 * Secret: the operator may read the Secrets that are named, and no others.
 */
import type { Json } from '../../core/json.ts'
import type { SetName } from '../../delivery/set/object-set.ts'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { Informer, type InformerEvent } from '../../kubernetes/client/informer.ts'

export type SecretWatchesOptions = {
  /** The cluster of the operator. */
  readonly own: Cluster
  /** Is told each user of a Secret that was made, changed or deleted. */
  readonly onChange: (user: string) => void
  /** Is told the first failure of each watch. */
  readonly onTrouble: (error: unknown, secret: string) => void
}

type Watch = { readonly users: Set<string>; readonly stop: () => void }

const SECRET = { apiVersion: 'v1', kind: 'Secret' }

export class SecretWatches {
  readonly #options: SecretWatchesOptions
  readonly #watches = new Map<string, Watch>()
  /** The Secret of each user. */
  readonly #keys = new Map<string, string>()

  constructor(options: SecretWatchesOptions) {
    this.#options = options
  }

  /** Watches this Secret for a user, and no other one. @param secret absent: none. */
  watch(user: string, secret: SetName | undefined): void {
    const key = secret === undefined ? undefined : `${secret.namespace}/${secret.name}`
    const before = this.#keys.get(user)
    if (before === key) return
    if (before !== undefined) this.#leave(user, before)
    if (key === undefined || secret === undefined) return
    this.#keys.set(user, key)
    ;(this.#watches.get(key) ?? this.#begin(key, secret)).users.add(user)
  }

  close(): void {
    for (const { stop } of this.#watches.values()) stop()
    this.#watches.clear()
    this.#keys.clear()
  }

  #begin(key: string, { namespace, name }: SetName): Watch {
    const { own, onChange, onTrouble } = this.#options
    const end = new AbortController()
    const watch: Watch = { users: new Set(), stop: () => end.abort() }
    this.#watches.set(key, watch)
    let [isListed, isTroubled] = [false, false]
    const informer = new Informer(own, SECRET, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      onEvent: (event) => {
        // The Secret that is there at first is what the target was opened with.
        if (isListed && isOfData(event)) for (const user of watch.users) onChange(user)
      },
      onTrouble: (error) => {
        if (!isTroubled) onTrouble(error, key)
        isTroubled = true
      },
    })
    void informer.synced.then(() => (isListed = true))
    void informer.run(end.signal)
    return watch
  }

  #leave(user: string, key: string): void {
    this.#keys.delete(user)
    const watch = this.#watches.get(key)
    watch?.users.delete(user)
    if (watch?.users.size !== 0) return
    this.#watches.delete(key)
    watch.stop()
  }
}

/** Whether more than labels or annotations changed. */
function isOfData(event: InformerEvent): boolean {
  return event.kind !== 'modified' || dataOf(event.before) !== dataOf(event.object)
}

function dataOf(secret: LiveObject): string {
  const data: Json = secret['data'] ?? null
  return JSON.stringify(data)
}
