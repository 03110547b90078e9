/** `pushless diff <objects>`: what a delivery would change in a cluster: objects, fields, and the packages of images. */
import { DEFAULT_HOST } from '../../core/oci/reference.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { imageChanges, type ImageChange } from '../../delivery/plan/image-changes.ts'
import { planDelivery } from '../../delivery/plan/plan-delivery.ts'
import { loadGeneration } from '../../delivery/find-drift.ts'
import { DeliveryError } from '../../delivery/delivery-error.ts'
import { differenceOf } from '../../insight/difference/difference.ts'
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import type { GivenObject, SetName } from '../../delivery/set/object-set.ts'
import type { Settings } from '../../settings/settings.ts'
import { diffLines } from '../insight/diff.ts'
import { openInventory } from '../insight/open-inventory.ts'
import { outputWidth } from '../insight/output.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { UsageError } from '../usage-error.ts'
import { withCluster, type ConnectionFlags } from './connection-flags.ts'
import { readSetName } from './flag-values.ts'
import { planData, printPlan } from './print-plan.ts'
import { readSource } from './read-source.ts'
import { withFailures } from './with-failures.ts'

export type DiffSetFlags = ConnectionFlags & {
  readonly name?: string
  readonly registry?: string
  readonly json: boolean
}

/** Nix may build what the argument names. */
const BUILD_MS = 7_200_000

/** @returns the exit status. @throws UsageError for what can't be read. */
export async function diffSet(
  what: string,
  flags: DiffSetFlags,
  settings: Settings,
  { environment, library }: ProcessFacts,
): Promise<number> {
  return withFailures(async () => {
    const source = await readSource([what], {
      library,
      host: DEFAULT_HOST,
      timeoutMs: BUILD_MS,
      isQuiet: flags.json,
    })
    const named = flags.name ?? source.suggestedName
    if (named === undefined)
      throw new UsageError(`--name: nothing in ${what} names the set, so it must be given`)
    return withCluster(flags, environment, async (cluster) => {
      const name = readSetName(named, cluster.namespace)
      const plan = await planDelivery(cluster, {
        name,
        revision: source.revision,
        objects: source.objects,
        namespace: cluster.namespace,
        ignore: [],
        isPruning: true,
        confirmed: new Set(),
        isAdopting: false,
        mayBeEmpty: true,
        mayShrink: true,
      })
      const images = imageChanges(
        (await delivered(cluster, name)).map(({ object }) => object),
        plan.set.objects.map(({ desired }) => desired),
      )
      if (flags.json) {
        process.stdout.write(`${JSON.stringify({ ...planData(plan), images }, null, 2)}\n`)
        return 0
      }
      const status = printPlan(plan, flags)
      for (const image of images) await printImage(image, flags, settings)
      return status
    })
  })
}

/** The objects of the newest generation; none for a set that was never delivered. */
async function delivered(cluster: Cluster, name: SetName): Promise<readonly GivenObject[]> {
  try {
    return (await loadGeneration(cluster, name)).objects
  } catch (error) {
    if (error instanceof DeliveryError && error.kind === 'not-found') return []
    throw error
  }
}

async function printImage(
  { before, after, places }: ImageChange,
  { registry }: DiffSetFlags,
  settings: Settings,
): Promise<void> {
  const from = registry === undefined ? {} : { registry }
  const head = ['', before, `→ ${after}`, ...places.map((place) => `  in ${place}`)]
  process.stdout.write(`${head.join('\n')}\n`)
  try {
    const old = await openInventory(before, settings, from)
    const difference = differenceOf(old, await openInventory(after, settings, from))
    process.stdout.write(`${diffLines(difference, outputWidth()).join('\n')}\n`)
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    process.stdout.write(`what is in them is unknown: ${error.message}\n`)
  }
}
