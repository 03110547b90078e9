/** `pushless drift`: what differs from the delivered generation, once or again and again. */
import { loadGeneration, type Drift } from '../../delivery/find-drift.ts'
import { DriftKeeper, type DriftLook, type DriftOptions } from '../../delivery/keep-delivered.ts'
import { printableValue } from '../../delivery/drift/redact.ts'
import { displayName } from '../../delivery/set/object-name.ts'
import { messageChain } from '../../core/errors/error-chain.ts'
import type { ProcessFacts } from '../process-facts.ts'
import type { DriftFlags } from './delivery-flags.ts'
import { author } from './author.ts'
import { withCluster } from './connection-flags.ts'
import { openReporter } from './delivery-reporter.ts'
import { describeFields } from './describe-change.ts'
import { readPointers, readSetName } from './flag-values.ts'
import { readSeconds } from '../read-seconds.ts'
import { withFailures } from './with-failures.ts'

/** Drift was found. */
const DRIFTED = 3

/** @returns the exit status: 3 where something differs, or differed before it was corrected. @throws UsageError. */
export async function drift(set: string, flags: DriftFlags, { environment }: ProcessFacts): Promise<number> {
  const ignore = [{ paths: readPointers(flags.ignore) }]
  const intervalMs = readSeconds('--interval', flags.interval)
  const mode = flags.correct ? 'correct' : 'warn'
  return withFailures(async () =>
    withCluster(flags, environment, async (cluster) => {
      const name = readSetName(set, cluster.namespace)
      const reporter = openReporter({ json: false, quiet: true })
      try {
        const keeper = new DriftKeeper(cluster, name)
        const shared = {
          mode,
          ignore,
          by: author(),
          onEvent: reporter.onEvent,
          signal: reporter.signal,
        } as const
        if (!flags.watch) return await lookOnce(keeper, shared, flags, `${name.namespace}/${name.name}`)
        // A set that isn't there is wrong input, and not waited for.
        await loadGeneration(cluster, name)
        return await keeper
          .watch({
            ...shared,
            intervalMs,
            onLook: (found) => print(found, flags.json),
            onTrouble: (error) => process.stderr.write(`pushless: ${messageChain(error)}; tried again\n`),
          })
          .catch((error: unknown) => {
            if (reporter.signal.aborted) return 0
            throw error
          })
      } finally {
        reporter.close()
      }
    }),
  )
}

async function lookOnce(
  keeper: DriftKeeper,
  options: DriftOptions,
  { json }: DriftFlags,
  set: string,
): Promise<number> {
  const look = await keeper.look(options)
  print(look, json)
  if (look.drift.length > 0) return DRIFTED
  if (!json) process.stdout.write(`${set}: as it was delivered\n`)
  return 0
}

function print({ drift: found, endless, isCorrected }: DriftLook, json: boolean): void {
  const lines = [
    ...found.map((one) => (json ? jsonOf(one, isCorrected) : textOf(one, isCorrected))),
    ...endless.map(({ name, difference }) =>
      json
        ? JSON.stringify({ ...name, drift: 'endless', path: difference.path, writer: difference.writer })
        : `endless ${displayName(name)}: ${difference.readable} is written again by ${difference.writer} after each correction, and is left`,
    ),
  ]
  for (const line of lines) process.stdout.write(`${line}\n`)
}

function textOf({ name, kind, reason, differences, foreign }: Drift, isCorrected: boolean): string {
  const head = `${kind} ${displayName(name)}${reason === undefined ? '' : `: ${reason}`}${isCorrected ? ' (corrected)' : ''}`
  return [head, ...describeFields(name, { differences, foreign })].join('\n')
}

function jsonOf({ name, kind, reason, differences, foreign }: Drift, isCorrected: boolean): string {
  return JSON.stringify({
    ...name,
    drift: kind,
    corrected: isCorrected,
    reason,
    fields: differences.map(({ path, readable, steps, live, desired }) => ({
      path,
      readable,
      live: printableValue(name.kind, steps, live),
      desired: printableValue(name.kind, steps, desired),
    })),
    added: foreign.map(({ path, readable, manager }) => ({ path, readable, manager })),
  })
}
