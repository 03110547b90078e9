/** Writes the status of the operator's objects by server-side apply, and only where it differs. */
import { isDeepStrictEqual } from 'node:util'
import { fieldAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { STATUS_MANAGER } from '../definitions/operator-kinds.ts'

type Status = { readonly [key: string]: Json }

export class StatusWriter {
  readonly #cluster: Cluster
  /** By the UID of the object: a watch may still have an older one. */
  readonly #written = new Map<string, Status>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Returns the status as it was written last. */
  current(live: LiveObject): Json | undefined {
    return this.#written.get(live.metadata.uid) ?? fieldAt(live, 'status')
  }

  /** @returns whether a request was made. @throws KubernetesError, but not where the object is gone. */
  async write(live: LiveObject, status: Status, signal?: AbortSignal): Promise<boolean> {
    if (isDeepStrictEqual(this.current(live), status)) return false
    const { apiVersion, kind, metadata } = live
    const { name, namespace, uid } = metadata
    try {
      await this.#cluster.apply(
        // With its UID nobody makes an object that was deleted meanwhile.
        {
          apiVersion,
          kind,
          metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid },
          status,
        },
        { subresource: 'status', force: true, fieldManager: STATUS_MANAGER, signal },
      )
      this.#written.set(uid, status)
    } catch (error) {
      if (error instanceof KubernetesError && (error.kind === 'not-found' || error.kind === 'conflict'))
        return false
      throw error
    }
    return true
  }

  forget({ metadata }: LiveObject): void {
    this.#written.delete(metadata.uid)
  }
}
