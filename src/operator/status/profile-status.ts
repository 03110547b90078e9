/** The status of a DeliveryProfile: short enough for every `kubectl get`, never an inventory of megabytes. */
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'
import type { Drift } from '../../delivery/find-drift.ts'
import type { DeliveryRecord } from '../../delivery/inventory/delivery-record.ts'
import { displayName } from '../../delivery/set/object-name.ts'
import type { TargetSpec } from '../definitions/delivery-profile.ts'
import { readConditions, type Condition } from './conditions.ts'

/** The place that objects were delivered to, so that they are found again after the spec named another. */
export type DeliveredTarget = TargetSpec & {
  /** The UID of the cluster's namespace kube-system. */
  readonly cluster: string
}

export type ProfileStatus = {
  readonly observedGeneration: number | undefined
  readonly conditions: readonly Condition[]
  /** The revision that was delivered last. */
  readonly revision: string | undefined
  readonly attemptedRevision: string | undefined
  /** The number of the delivery in the target. */
  readonly generation: number | undefined
  readonly objects: number | undefined
  readonly inventory: readonly string[]
  readonly drift: readonly DriftEntry[]
  readonly driftedObjects: number | undefined
  readonly history: readonly HistoryEntry[]
  readonly target: DeliveredTarget | undefined
  /** Earlier targets in which objects are left. */
  readonly leftAt: readonly DeliveredTarget[]
}

type DriftEntry = { readonly object: string; readonly kind: string; readonly fields: readonly string[] }
type HistoryEntry = {
  readonly generation: number
  readonly revision: string
  readonly deliveredAt: string
  readonly outcome: string
  readonly note: string | undefined
}

/** Objects of the inventory, and drifted objects, that are shown. */
const MAX_OBJECTS = 50
const MAX_FIELDS = 10
/** Characters, as the schema of the definition has it. */
const MAX_FIELD = 1024
const MAX_HISTORY = 10
const MAX_NOTE = 256

export function readStatus(status: Json | undefined): ProfileStatus {
  const target = fieldAt(status, 'target')
  return {
    observedGeneration: numberAt(status, 'observedGeneration'),
    conditions: readConditions(status),
    revision: textAt(status, 'revision'),
    attemptedRevision: textAt(status, 'attemptedRevision'),
    generation: numberAt(status, 'generation'),
    objects: numberAt(status, 'objects'),
    inventory: listAt(status, 'inventory').filter((one) => typeof one === 'string'),
    drift: listAt(status, 'drift').map((one) => ({
      object: textAt(one, 'object') ?? '',
      kind: textAt(one, 'kind') ?? '',
      fields: listAt(one, 'fields').filter((field) => typeof field === 'string'),
    })),
    driftedObjects: numberAt(status, 'driftedObjects'),
    history: listAt(status, 'history').map((one) => ({
      generation: numberAt(one, 'generation') ?? 0,
      revision: textAt(one, 'revision') ?? '',
      deliveredAt: textAt(one, 'deliveredAt') ?? '',
      outcome: textAt(one, 'outcome') ?? '',
      note: textAt(one, 'note'),
    })),
    target: target === undefined ? undefined : readTargetStatus(target),
    leftAt: listAt(status, 'leftAt').map(readTargetStatus),
  }
}

/** The status as it is written: without what isn't known. */
export function writtenStatus({ target, leftAt, ...status }: ProfileStatus): {
  readonly [key: string]: Json
} {
  return JSON.parse(
    JSON.stringify({
      ...status,
      target: target === undefined ? undefined : writtenTarget(target),
      leftAt: leftAt.length === 0 ? undefined : leftAt.map(writtenTarget),
    }),
  ) as { readonly [key: string]: Json }
}

/** Returns the facts that the record of the set in the target has. */
export function deliveredFacts(
  record: DeliveryRecord | undefined,
): Pick<ProfileStatus, 'generation' | 'objects' | 'inventory' | 'history' | 'revision'> {
  const current = record?.history.at(-1)
  // A failed delivery is in the history, but what runs is not certainly its.
  const delivered = record?.history.findLast(({ outcome }) => outcome !== 'failed')
  const inventory = record?.inventory ?? []
  return {
    revision: delivered?.revision,
    generation: current?.generation,
    objects: inventory.length,
    inventory: inventory.slice(0, MAX_OBJECTS).map(displayName),
    history: (record?.history ?? [])
      .slice(-MAX_HISTORY)
      .toReversed()
      .map((entry) => ({
        generation: entry.generation,
        revision: entry.revision,
        deliveredAt: entry.deliveredAt,
        outcome: entry.outcome,
        note: entry.note?.slice(0, MAX_NOTE),
      })),
  }
}

export function driftFacts(drift: readonly Drift[]): Pick<ProfileStatus, 'drift' | 'driftedObjects'> {
  return {
    driftedObjects: drift.length,
    drift: drift.slice(0, MAX_OBJECTS).map(({ name, kind, differences, foreign }) => ({
      object: displayName(name),
      kind,
      fields: [...differences, ...foreign]
        .slice(0, MAX_FIELDS)
        .map(({ readable }) => readable.slice(0, MAX_FIELD)),
    })),
  }
}

function readTargetStatus(target: Json): DeliveredTarget {
  const [name, key] = [textAt(target, 'kubeConfig', 'name'), textAt(target, 'kubeConfig', 'key')]
  return {
    cluster: textAt(target, 'cluster') ?? '',
    namespace: textAt(target, 'namespace') ?? '',
    serviceAccount: textAt(target, 'serviceAccountName'),
    kubeconfig: name === undefined || key === undefined ? undefined : { name, key },
  }
}

function writtenTarget({ cluster, namespace, serviceAccount, kubeconfig }: DeliveredTarget): Json {
  return {
    cluster,
    namespace,
    ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
    ...(kubeconfig === undefined ? {} : { kubeConfig: { name: kubeconfig.name, key: kubeconfig.key } }),
  }
}

function numberAt(value: Json | undefined, field: string): number | undefined {
  const found = fieldAt(value, field)
  return typeof found === 'number' ? found : undefined
}
