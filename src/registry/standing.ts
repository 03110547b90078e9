/** The state of an image before anybody pulls it: whether it is in the store, and which work would make it. */
import { isDerivationPath, storeNameOf, type StorePath } from '../core/nix/store-path.ts'
import type { Reference } from '../core/oci/reference.ts'
import type { PathInfo, Store } from '../store/store.ts'
import { resolve } from './artifact/resolve.ts'

export type Standing =
  | {
      readonly kind: 'valid'
      readonly path: StorePath
      readonly name: string
      readonly info: PathInfo | undefined
    }
  | {
      readonly kind: 'to-do'
      readonly name: string
      /** Whether the work fetches and builds. */
      readonly fetches: boolean
      readonly builds: boolean
      /** Systems of the derivations that would be built. */
      readonly systems: readonly string[]
    }

/**
 * Returns the standing of what a tag names. Nothing is fetched or built.
 * @throws RegistryError as `resolve` does.
 */
export async function standingOf(store: Store, reference: Reference, tag: string): Promise<Standing> {
  const resolved = await resolve(store, reference, tag)
  if (resolved.kind === 'valid') {
    const { path } = resolved
    return { kind: 'valid', path, name: storeNameOf(path), info: await store.info(path) }
  }
  const { work } = resolved
  const { willBuild, willSubstitute } = await store.missing([work])
  const path = work.kind === 'fetch' ? work.path : work.derivation
  // A derivation that has to be fetched is built then.
  const derivations = isDerivationPath(path) ? [...new Set([path, ...willBuild])] : willBuild
  const known = await store.valid(derivations)
  const systems = await Promise.all(known.map(async (one) => (await store.derivation(one)).system))
  return {
    kind: 'to-do',
    name: storeNameOf(path),
    fetches: willSubstitute.length > 0,
    builds: derivations.length > 0,
    systems: [...new Set(systems)].filter((system) => system !== 'builtin'),
  }
}
