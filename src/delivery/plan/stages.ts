/**
 * Orders a set into stages. A stage is applied when the one before is ready: namespaces are there, kinds are known,
 * rights are given. Webhooks come last, so that none refuses the objects that it needs to run.
 */
import order from '../../../manifests/output/object-order.json' with { type: 'json' }
import type { ObjectName } from '../../kubernetes/client/cluster.ts'
import { groupKindOf } from '../set/object-name.ts'
import type { SetObject } from '../set/object-set.ts'

export type StageKind = 'namespaces' | 'definitions' | 'cluster' | 'objects' | 'webhooks'

export type Stage = {
  readonly kind: StageKind
  /** 0 for all but waves of `objects`. */
  readonly wave: number
  /** In the order in which they are begun. */
  readonly objects: readonly SetObject[]
  /** Whether the next stage waits until these objects are healthy. */
  readonly isAwaited: boolean
}

const ORDER = new Map(
  order.groups.flatMap(({ number, kinds }) => kinds.map((kind) => [kind, Number(number)])),
)
const STAGES: readonly StageKind[] = ['namespaces', 'definitions', 'cluster', 'objects', 'webhooks']
const DEFINITION = 'CustomResourceDefinition.apiextensions.k8s.io'
const WEBHOOKS = 'admissionregistration.k8s.io'
/** Objects of the whole cluster that others name: a class, a role. */
const CLUSTER_KINDS = new Set(
  order.groups
    .filter(({ number }) => number === '14' || number === '22' || number === '24')
    .flatMap(({ kinds }) => kinds)
    .filter(
      (kind) => kind !== 'Role.rbac.authorization.k8s.io' && kind !== 'RoleBinding.rbac.authorization.k8s.io',
    ),
)

export function stageOf({ name }: SetObject): StageKind {
  const groupKind = groupKindOf(name)
  if (groupKind === 'Namespace') return 'namespaces'
  if (groupKind === DEFINITION) return 'definitions'
  if (CLUSTER_KINDS.has(groupKind)) return 'cluster'
  return groupKind.endsWith(`.${WEBHOOKS}`) ? 'webhooks' : 'objects'
}

/** Cuts a set into stages, none of which is empty. */
export function stagesOf(objects: readonly SetObject[]): readonly Stage[] {
  const sorted = objects.toSorted((a, b) => rankOf(a.name) - rankOf(b.name))
  return STAGES.flatMap((kind) => {
    const members = sorted.filter((one) => stageOf(one) === kind)
    const waves =
      kind === 'objects' ? [...new Set(members.map(({ wave }) => wave))].toSorted((a, b) => a - b) : [0]
    return waves.flatMap((wave, i) => {
      const inWave = kind === 'objects' ? members.filter((one) => one.wave === wave) : members
      const isAwaited = kind === 'namespaces' || kind === 'definitions' || i < waves.length - 1
      return inWave.length === 0 ? [] : [{ kind, wave, objects: inWave, isAwaited }]
    })
  })
}

/** The place of a kind in the order of manifests/output/object-order.json. */
export function rankOf(name: Pick<ObjectName, 'apiVersion' | 'kind'>): number {
  return ORDER.get(groupKindOf(name)) ?? Number(order.others)
}
