/** `pushless apply`: images first, then the objects. */
import { deliver } from '../../delivery/deliver.ts'
import { planDelivery, type PlanRequest } from '../../delivery/plan/plan-delivery.ts'
import { DEFAULT_HOST } from '../../core/oci/reference.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { UsageError } from '../usage-error.ts'
import type { ApplyFlags } from './delivery-flags.ts'
import { author } from './author.ts'
import { withCluster } from './connection-flags.ts'
import { printPlan } from './print-plan.ts'
import { openReporter } from './delivery-reporter.ts'
import { endText } from './end-text.ts'
import { readNumber, readPointers, readSetName } from './flag-values.ts'
import { readSeconds } from '../read-seconds.ts'
import { profileHooks } from './profile-hooks.ts'
import { readSource } from './read-source.ts'
import { buildQuestion } from './build-question.ts'
import { printUnhealthy } from './print-unhealthy.ts'
import { warmImages } from './warm-images.ts'
import { withFailures } from './with-failures.ts'

/** @returns the exit status: 0 done, 1 failed. @throws UsageError for wrong input. */
export async function apply(
  what: readonly string[],
  flags: ApplyFlags,
  { environment, library }: ProcessFacts,
): Promise<number> {
  const timeoutMs = readSeconds('--timeout', flags.timeout)
  const historyLimit = readNumber('--history-limit', flags.historyLimit)
  const ignore = [{ paths: readPointers(flags.ignore) }]
  return withFailures(async () => {
    const source = await readSource(what, {
      library,
      host: flags.host[0] ?? DEFAULT_HOST,
      timeoutMs,
      isQuiet: flags.quiet,
    })
    if (source.objects.length === 0 && !flags.allowEmpty)
      throw new UsageError(`no Kubernetes object in ${what.join(' ')}; --allow-empty allows that`)
    const name = flags.name ?? source.suggestedName
    if (name === undefined)
      throw new UsageError(
        `--name: nothing in ${what.join(' ')} names the set, so it must be given, such as --name web`,
      )
    return withCluster(flags, environment, async (cluster) => {
      const reporter = openReporter(flags)
      try {
        const request: PlanRequest = {
          name: readSetName(name, cluster.namespace),
          revision: source.revision,
          objects: source.objects,
          namespace: cluster.namespace,
          ignore,
          isPruning: flags.prune,
          confirmed: new Set(flags.confirm),
          isAdopting: flags.adopt,
          mayBeEmpty: flags.allowEmpty,
          mayShrink: flags.allowShrink,
          signal: reporter.signal,
        }
        if (flags.dryRun) return printPlan(await planDelivery(cluster, request), flags)
        const warmed = await warmImages(source.files, flags, { timeoutMs, reporter })
        if (!warmed) return 1
        const result = await deliver(cluster, {
          ...request,
          isWaiting: flags.wait,
          healthMs: timeoutMs,
          historyLimit,
          by: author(),
          ...(await profileHooks(cluster, request, flags, environment, reporter.onEvent)),
          buildOf: buildQuestion(flags),
          onEvent: reporter.onEvent,
        })
        reporter.end(endText(request.name, result), result)
        printUnhealthy(result.unhealthy)
        return result.outcome === 'delivered' && result.remaining.length === 0 ? 0 : 1
      } finally {
        reporter.close()
      }
    })
  })
}
