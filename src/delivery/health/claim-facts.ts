/** Whether a claim for a volume waits for a Pod, which only its StorageClass tells. Each class is asked for once. */
import { textAt } from '../../core/json-fields.ts'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'

const STORAGE_CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', namespace: undefined }

export class ClaimFacts {
  readonly #cluster: Cluster
  readonly #classes = new Map<string, Promise<boolean>>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** @returns false for other kinds, for a claim that is bound, and where the class may not be read. */
  async waitsForPod(object: LiveObject, signal?: AbortSignal): Promise<boolean> {
    if (object.kind !== 'PersistentVolumeClaim' || textAt(object, 'status', 'phase') === 'Bound') return false
    const name = textAt(object, 'spec', 'storageClassName')
    // The server writes the default class into each claim that names none; an empty one means that there is none.
    if (name === undefined || name === '') return false
    const known = this.#classes.get(name) ?? this.#ask(name, signal)
    this.#classes.set(name, known)
    return known
  }

  async #ask(name: string, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      const found = await this.#cluster.get({ ...STORAGE_CLASS, name }, signal)
      return textAt(found, 'volumeBindingMode') === 'WaitForFirstConsumer'
    } catch (error) {
      if (error instanceof KubernetesError || signal?.aborted === true) return false
      throw error
    }
  }
}
