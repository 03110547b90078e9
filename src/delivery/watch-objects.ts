/** Watches objects by name, a watch for each kind and namespace, and tells when one of them is another than before. */
import { once } from 'node:events'
import type { Cluster, LiveObject, ObjectName } from '../kubernetes/client/cluster.ts'
import { Informer, type InformerEvent } from '../kubernetes/client/informer.ts'
import { groupsOf } from './health/object-groups.ts'

export type ObjectWatch = {
  /** Hears that something changed, but not each change of a status. */
  readonly onChange: () => void
  /** Hears failures, each of which is tried again. */
  readonly onTrouble: (error: unknown) => void
  readonly signal: AbortSignal
}

/** @returns when all objects are known. From then on each change is told, until the signal ends it. */
export async function watchObjects(
  cluster: Cluster,
  names: readonly ObjectName[],
  { onChange, onTrouble, signal }: ObjectWatch,
): Promise<void> {
  const informers = groupsOf(names).map(({ kind, namespace, names: members }) => {
    const wanted = new Set(members.map(({ name }) => name))
    const [only] = members
    const informer = new Informer(cluster, kind, {
      namespace,
      ...(members.length === 1 && only !== undefined ? { fieldSelector: `metadata.name=${only.name}` } : {}),
      onEvent: (event) => {
        if (wanted.has(event.object.metadata.name) && isChange(event)) onChange()
      },
      onTrouble,
    })
    void informer.run(signal)
    return informer
  })
  await Promise.race([Promise.all(informers.map(async ({ synced }) => synced)), aborted(signal)])
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

/** Whether more than the status, or the bookkeeping of the server, is another. */
function isChange(event: InformerEvent): boolean {
  return event.kind !== 'modified' || contentOf(event.object) !== contentOf(event.before)
}

function contentOf({ metadata, ...fields }: LiveObject): string {
  const bookkeeping = {
    status: undefined,
    metadata: { ...metadata, resourceVersion: '', managedFields: '', generation: 0 },
  }
  return JSON.stringify({ ...fields, ...bookkeeping })
}
