/** Reads and writes the records of sets in a cluster. A write succeeds only if nobody else wrote meanwhile. */
import { isDeepStrictEqual } from 'node:util'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { DeliveryError } from '../delivery-error.ts'
import type { SetName } from '../set/object-set.ts'
import {
  RECORD_LABEL,
  readRecord,
  recordName,
  writeRecord,
  type DeliveryRecord,
  type StoredRecord,
} from './delivery-record.ts'

/** Tries of a write while others change labels and the like of the record. */
const TRIES = 5

/** @returns nothing for a set that was never delivered. @throws DeliveryError `invalid`, KubernetesError. */
export async function loadRecord(cluster: Cluster, name: SetName): Promise<StoredRecord | undefined> {
  const live = await cluster.get(recordName(name))
  if (live === undefined) return undefined
  try {
    return { live, record: readRecord(name, live) }
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    const place = `ConfigMap ${name.namespace}/pushless-${name.name}`
    throw new DeliveryError(
      'invalid',
      `${place} is not a record of a delivery: ${cause.message}. Use another name for the set, or delete the ConfigMap`,
      { cause },
    )
  }
}

/** @throws DeliveryError `not-found` for a set that was never delivered, `invalid`; KubernetesError. */
export async function requireRecord(cluster: Cluster, name: SetName): Promise<StoredRecord> {
  const stored = await loadRecord(cluster, name)
  if (stored !== undefined) return stored
  throw new DeliveryError(
    'not-found',
    `no set ${name.namespace}/${name.name} was delivered to ${cluster.server}`,
  )
}

/**
 * Writes a record over the one that was read, or the first one.
 * @throws DeliveryError `superseded` where somebody else wrote meanwhile, KubernetesError.
 */
export async function saveRecord(
  cluster: Cluster,
  record: DeliveryRecord,
  before: StoredRecord | undefined,
): Promise<StoredRecord> {
  const desired = writeRecord(record)
  let live = before?.live
  for (let attempt = 1; ; attempt++) {
    try {
      if (live === undefined) return { record, live: await cluster.create(desired) }
      return { record, live: await cluster.replace({ ...live, ...desired, metadata: live.metadata }) }
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error
      if (error.kind === 'not-found') throw lostRecord(record.name, before, error)
      if (error.kind !== 'conflict' && error.kind !== 'already-exists') throw error
      // A label or the like that somebody added is no other delivery.
      const next = await cluster.get(recordName(record.name))
      if (live === undefined || next === undefined || attempt === TRIES || !isSameRecord(live, next))
        throw superseded(record.name, error)
      live = next
    }
  }
}

function isSameRecord(one: LiveObject, other: LiveObject): boolean {
  return ['data', 'binaryData'].every((field) => isDeepStrictEqual(one[field], other[field]))
}

/** @returns whether it was there. @throws DeliveryError `superseded`. */
export async function deleteRecord(cluster: Cluster, { record, live }: StoredRecord): Promise<void> {
  const removed = await cluster.remove(recordName(record.name), { uid: live.metadata.uid })
  if (removed === 'another') throw superseded(record.name, undefined)
}

/** All sets that have a record, in one namespace or in all. @throws KubernetesError. */
export async function listRecords(
  cluster: Cluster,
  namespace: string | undefined,
): Promise<readonly StoredRecord[]> {
  const { items } = await cluster.list(
    { apiVersion: 'v1', kind: 'ConfigMap' },
    { namespace, labelSelector: RECORD_LABEL },
  )
  return items.flatMap((live) => {
    const name = {
      namespace: live.metadata.namespace ?? '',
      name: live.metadata.name.replace(/^pushless-/, ''),
    }
    try {
      return [{ live, record: readRecord(name, live) }]
    } catch (cause) {
      if (cause instanceof SyntaxError) return []
      throw cause
    }
  })
}

function lostRecord(
  { namespace, name }: SetName,
  before: StoredRecord | undefined,
  cause: unknown,
): DeliveryError {
  return before === undefined
    ? new DeliveryError(
        'refused',
        `namespace ${namespace} is not there, and would hold the record of ${name}: add it to the set, or create it`,
        { cause },
      )
    : new DeliveryError('superseded', `somebody deleted the record of ${namespace}/${name} meanwhile`, {
        cause,
      })
}

export function superseded({ namespace, name }: SetName, cause: unknown): DeliveryError {
  return new DeliveryError(
    'superseded',
    `another delivery of ${namespace}/${name} began meanwhile, and this one stopped`,
    { cause },
  )
}
