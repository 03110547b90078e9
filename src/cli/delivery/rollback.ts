/** `pushless rollback`: an earlier generation again, as a new one. */
import { deliver } from '../../delivery/deliver.ts'
import { DeliveryError } from '../../delivery/delivery-error.ts'
import { loadGeneration } from '../../delivery/find-drift.ts'
import { previousGeneration } from '../../delivery/generations/previous-generation.ts'
import { planDelivery, type PlanRequest } from '../../delivery/plan/plan-delivery.ts'
import { loadRecord } from '../../delivery/inventory/record-store.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { UsageError } from '../usage-error.ts'
import type { RollbackFlags } from './delivery-flags.ts'
import { author } from './author.ts'
import { withCluster } from './connection-flags.ts'
import { openReporter } from './delivery-reporter.ts'
import { endText } from './end-text.ts'
import { printUnhealthy } from './print-unhealthy.ts'
import { readNumber, readSetName } from './flag-values.ts'
import { readSeconds } from '../read-seconds.ts'
import { printPlan } from './print-plan.ts'
import { withFailures } from './with-failures.ts'

/** @returns the exit status. @throws UsageError for a set or a generation that isn't there. */
export async function rollback(
  set: string,
  given: string | undefined,
  flags: RollbackFlags,
  { environment }: ProcessFacts,
): Promise<number> {
  const wanted = given === undefined ? undefined : readNumber('generation', given)
  const healthMs = readSeconds('--timeout', flags.timeout)
  const historyLimit = readNumber('--history-limit', flags.historyLimit)
  return withFailures(async () =>
    withCluster(flags, environment, async (cluster) => {
      const name = readSetName(set, cluster.namespace)
      const number = wanted ?? previousGeneration((await loadRecord(cluster, name))?.record)
      if (number === undefined)
        throw new UsageError(
          `${name.namespace}/${set}: no earlier generation was delivered whole: see pushless history ${set}`,
        )
      const reporter = openReporter(flags)
      try {
        const { entry, objects } = await loadGeneration(cluster, name, number)
        const request: PlanRequest = {
          name,
          revision: entry.revision,
          objects,
          namespace: cluster.namespace,
          ignore: [],
          isPruning: flags.prune,
          confirmed: new Set(flags.confirm),
          isAdopting: false,
          mayBeEmpty: true,
          mayShrink: true,
          signal: reporter.signal,
        }
        if (flags.dryRun) return printPlan(await planDelivery(cluster, request), flags)
        const result = await deliver(cluster, {
          ...request,
          isWaiting: flags.wait,
          healthMs,
          historyLimit,
          by: author(),
          note: `rollback to ${number}`,
          onEvent: reporter.onEvent,
        })
        reporter.end(endText(name, result), result)
        printUnhealthy(result.unhealthy)
        return result.outcome === 'delivered' && result.remaining.length === 0 ? 0 : 1
      } catch (error) {
        if (error instanceof DeliveryError && error.kind === 'not-found') throw new UsageError(error.message)
        throw error
      } finally {
        reporter.close()
      }
    }),
  )
}
