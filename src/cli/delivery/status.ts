/** `pushless status`: sets of a cluster, and the health of their objects. */
import pLimit from 'p-limit'
import type { Cluster, ObjectName } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import type { WaitedHealth } from '../../delivery/health/wait-healthy.ts'
import { judgeHealth } from '../../delivery/health/judge-health.ts'
import { currentGeneration, type DeliveryRecord } from '../../delivery/inventory/delivery-record.ts'
import { listRecords, requireRecord } from '../../delivery/inventory/record-store.ts'
import { displayName } from '../../delivery/set/object-name.ts'
import { tableOf, type Column } from '../display/table.ts'
import { countOf, print } from '../insight/output.ts'
import type { ProcessFacts } from '../process-facts.ts'
import type { ListFlags } from './delivery-flags.ts'
import { withCluster } from './connection-flags.ts'
import { readSetName } from './flag-values.ts'
import { withFailures } from './with-failures.ts'

const SETS: readonly Column[] = [
  { title: 'SET', align: 'left' },
  { title: 'GENERATION', align: 'right' },
  { title: 'OUTCOME', align: 'left' },
  { title: 'OBJECTS', align: 'right' },
  { title: 'DELIVERED', align: 'left' },
  { title: 'REVISION', align: 'left' },
]
const OBJECTS: readonly Column[] = [
  { title: 'OBJECT', align: 'left' },
  { title: 'HEALTH', align: 'left' },
  { title: 'REASON', align: 'left' },
]
const AT_ONCE = 16

type ObjectHealth = { readonly name: ObjectName; readonly health: WaitedHealth }

/** @returns the exit status: 1 where an object of the given set isn't healthy. @throws UsageError. */
export async function status(
  set: string | undefined,
  flags: ListFlags,
  { environment }: ProcessFacts,
): Promise<number> {
  return withFailures(async () =>
    withCluster(flags, environment, async (cluster) => {
      if (set !== undefined) return statusOfSet(cluster, set, flags)
      const stored = await listRecords(cluster, flags.allNamespaces ? undefined : cluster.namespace)
      const records = stored.map(({ record }) => record)
      print(flags.json, { sets: records.map(summaryOf) }, (width) =>
        records.length === 0
          ? [`no sets in ${flags.allNamespaces ? 'any namespace' : `namespace ${cluster.namespace}`}`]
          : tableOf(SETS, records.map(rowOf), width),
      )
      return 0
    }),
  )
}

async function statusOfSet(cluster: Cluster, set: string, { json }: ListFlags): Promise<number> {
  const name = readSetName(set, cluster.namespace)
  const { record } = await requireRecord(cluster, name)
  const limit = pLimit(AT_ONCE)
  const objects = await Promise.all(
    record.inventory.map(async (entry) =>
      limit(async (): Promise<ObjectHealth> => ({ name: entry, health: await healthOf(cluster, entry) })),
    ),
  )
  const unhealthy = objects.filter(({ health }) => health.kind !== 'current')
  print(json, { ...summaryOf(record), objects }, (width) => [
    ...tableOf(SETS, [rowOf(record)], width),
    '',
    ...tableOf(
      OBJECTS,
      objects.map(({ name: one, health }) => [displayName(one), health.kind, health.reason]),
      width,
    ),
    '',
    `${countOf(objects.length, 'object')}, ${unhealthy.length} not healthy`,
  ])
  return unhealthy.length === 0 ? 0 : 1
}

async function healthOf(cluster: Cluster, name: ObjectName): Promise<WaitedHealth> {
  try {
    const live = await cluster.get(name)
    return live === undefined ? { kind: 'deleted', reason: 'it is not there' } : judgeHealth(live)
  } catch (error) {
    if (error instanceof KubernetesError && (error.kind === 'forbidden' || error.kind === 'no-such-kind'))
      return { kind: 'unknown', reason: error.message }
    throw error
  }
}

function summaryOf(record: DeliveryRecord): object {
  const { name, inventory, attempt } = record
  const current = currentGeneration(record)
  return { set: `${name.namespace}/${name.name}`, current, objects: inventory.length, attempt }
}

function rowOf(record: DeliveryRecord): readonly string[] {
  const { name, inventory, attempt } = record
  const current = currentGeneration(record)
  return [
    `${name.namespace}/${name.name}`,
    String(attempt?.generation ?? current?.generation ?? 0),
    attempt === undefined ? (current?.outcome ?? '') : 'under way',
    String(inventory.length),
    (attempt?.startedAt ?? current?.deliveredAt ?? '').slice(0, 19).replace('T', ' '),
    attempt?.revision ?? current?.revision ?? '',
  ]
}
