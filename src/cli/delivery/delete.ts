/** `pushless delete`: the objects of a set, and its history. */
import { deleteSet } from '../../delivery/delete-set.ts'
import type { ProcessFacts } from '../process-facts.ts'
import type { DeleteFlags } from './delivery-flags.ts'
import { withCluster } from './connection-flags.ts'
import { openReporter } from './delivery-reporter.ts'
import { readSetName } from './flag-values.ts'
import { readSeconds } from '../read-seconds.ts'
import { withFailures } from './with-failures.ts'

/** @returns the exit status: 1 where objects of the set are still there. @throws UsageError for a set that isn't there. */
export async function deleteCommand(
  set: string,
  flags: DeleteFlags,
  { environment }: ProcessFacts,
): Promise<number> {
  const goneMs = readSeconds('--timeout', flags.timeout)
  return withFailures(async () =>
    withCluster(flags, environment, async (cluster) => {
      const name = readSetName(set, cluster.namespace)
      const reporter = openReporter(flags)
      try {
        const left = await deleteSet(cluster, {
          name,
          isOrphaning: flags.orphan,
          confirmed: new Set(flags.confirm),
          isDryRun: flags.dryRun,
          goneMs,
          onEvent: reporter.onEvent,
          signal: reporter.signal,
        })
        for (const message of left) reporter.onEvent({ kind: 'note', message })
        if (left.length > 0 || flags.dryRun || flags.json) return left.length > 0 ? 1 : 0
        process.stdout.write(`${name.namespace}/${name.name}: ${flags.orphan ? 'forgotten' : 'deleted'}\n`)
        return 0
      } finally {
        reporter.close()
      }
    }),
  )
}
