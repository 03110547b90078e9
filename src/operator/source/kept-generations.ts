/** Keeps the store paths of delivered generations in the operator's store, as generations of a Nix profile. */
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { parseStorePath } from '../../core/nix/store-path.ts'
import { forgetGenerations, keepGeneration } from '../../delivery/generations/profile.ts'
import type { DeliveryRequest } from '../../delivery/deliver.ts'
import type { SetName } from '../../delivery/set/object-set.ts'
import type { Store } from '../../store/store.ts'

export type GenerationHooks = Pick<DeliveryRequest, 'onBegin' | 'onForget'>

/**
 * @param directory of the operator's state. @param onTrouble hears of a path that isn't kept: the target has the objects,
 * and the registry can make the path again.
 */
export function keptGenerations(
  store: Store,
  directory: string,
  onTrouble: (error: unknown) => void,
): (cluster: string, name: SetName, revision: string) => GenerationHooks {
  const addRoot = async (link: string, path: string): Promise<void> => {
    await symlink(path, link)
    await store.addRoot(link)
  }
  return (cluster, { namespace, name }, revision) => {
    if (parseStorePath(revision) === undefined) return {}
    const profile = join(directory, 'profiles', cluster, namespace, name)
    return {
      onBegin: async (generation) => keepGeneration(profile, generation, revision, addRoot).catch(onTrouble),
      onForget: async (generations) => forgetGenerations(profile, generations).catch(onTrouble),
    }
  }
}
