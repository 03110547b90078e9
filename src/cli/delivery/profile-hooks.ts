/** Keeps the store paths of generations on the machine that delivers them, in a Nix profile of the user. */
import { join } from 'node:path'
import { parseStorePath } from '../../core/nix/store-path.ts'
import type { DeliveryRequest } from '../../delivery/deliver.ts'
import { forgetGenerations, keepGeneration } from '../../delivery/generations/profile.ts'
import type { PlanRequest } from '../../delivery/plan/plan-delivery.ts'
import { NixFailure, runNix } from '../../kubernetes/app/run-nix.ts'
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import type { Environment } from '../../settings/read-settings.ts'
import type { OnDeliveryEvent } from '../../delivery/delivery-event.ts'

/** Registering a root takes milliseconds. */
const TIMEOUT_MS = 30_000

/** @returns nothing for a revision that is no store path, and with `--no-keep`. */
export async function profileHooks(
  cluster: Cluster,
  { name, revision }: PlanRequest,
  { keep }: { readonly keep: boolean },
  environment: Environment,
  onEvent: OnDeliveryEvent,
): Promise<Pick<DeliveryRequest, 'onBegin' | 'onForget'>> {
  if (!keep || parseStorePath(revision) === undefined) return {}
  const state = environment['XDG_STATE_HOME'] || join(environment['HOME'] || '/', '.local/state')
  const profile = join(state, 'pushless/profiles', await cluster.identity(), name.namespace, name.name)
  return {
    onBegin: async (generation) => {
      try {
        await keepGeneration(profile, generation, revision, addRoot)
      } catch (error) {
        // The cluster keeps the objects. What may be lost is the path, which the registry can fetch or build again.
        const reason = error instanceof Error ? error.message : String(error)
        onEvent({ kind: 'note', message: `generation ${generation} is not kept on this machine: ${reason}` })
      }
    },
    onForget: async (generations) => forgetGenerations(profile, generations),
  }
}

async function addRoot(link: string, storePath: string): Promise<void> {
  const kept = await runNix('nix-store', ['--realise', storePath, '--add-root', link], {
    timeoutMs: TIMEOUT_MS,
    onNews: () => undefined,
  })
  if (kept !== link) throw new NixFailure(`nix-store made no root for ${storePath}`)
}
