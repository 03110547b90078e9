/** `pushless history`: the generations of a set that are kept. */
import { requireRecord } from '../../delivery/inventory/record-store.ts'
import { tableOf, type Column } from '../display/table.ts'
import { print } from '../insight/output.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { withCluster, type ConnectionFlags } from './connection-flags.ts'
import { readSetName } from './flag-values.ts'
import { withFailures } from './with-failures.ts'

const COLUMNS: readonly Column[] = [
  { title: 'GENERATION', align: 'right' },
  { title: 'DELIVERED', align: 'left' },
  { title: 'BY', align: 'left' },
  { title: 'OUTCOME', align: 'left' },
  { title: 'OBJECTS', align: 'right' },
  { title: 'REVISION', align: 'left' },
  { title: 'NOTE', align: 'left' },
]

/** @returns the exit status. @throws UsageError for a set that isn't there. */
export async function history(
  set: string,
  flags: ConnectionFlags & { readonly json: boolean },
  { environment }: ProcessFacts,
): Promise<number> {
  return withFailures(async () =>
    withCluster(flags, environment, async (cluster) => {
      const name = readSetName(set, cluster.namespace)
      const stored = await requireRecord(cluster, name)
      const { history: generations, attempt } = stored.record
      print(flags.json, { set: `${name.namespace}/${name.name}`, generations, attempt }, (width) => [
        ...tableOf(
          COLUMNS,
          generations.map(({ generation, deliveredAt, by, outcome, objects, revision, note = '' }) => [
            String(generation),
            deliveredAt.slice(0, 19).replace('T', ' '),
            by,
            outcome,
            String(objects),
            revision,
            note,
          ]),
          width,
        ),
        ...(attempt === undefined
          ? []
          : [
              `generation ${attempt.generation} was begun by ${attempt.by} at ${attempt.startedAt}, and has not ended`,
            ]),
      ])
      return 0
    }),
  )
}
