/** From a reference to a valid path: asked, allowed, rooted, fetched or built, in rounds until it is there. */
import { RegistryError } from '../../core/errors/errors.ts'
import type { Policy } from '../../core/policy.ts'
import { referenceBase, type Reference } from '../../core/oci/reference.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { Store } from '../../store/store.ts'
import { admit } from '../../store/admit.ts'
import type { Realiser } from '../work/realise.ts'
import { resolve, type Resolved } from './resolve.ts'
import type { Roots } from '../state/roots.ts'
import { DEFAULT_TAG } from '../../core/oci/image-name.ts'

export type ValidityParts = {
  readonly store: Store
  readonly policy: Policy
  readonly roots: Roots
  readonly realiser: Realiser
}

/** A derivation may have to be fetched before it can be built, and built before its output is there. */
const MAX_ROUNDS = 3

/**
 * As `resolve`, but a derivation that may not be built has no tags: which it has would tell that it is in the store.
 * @throws RegistryError `denied`, and those of `resolve`.
 */
export async function resolveAllowed(
  store: Store,
  policy: Policy,
  reference: Reference,
  tag: string,
): Promise<Resolved> {
  try {
    return await resolve(store, reference, tag)
  } catch (error) {
    if (error instanceof RegistryError && error.kind === 'manifest-unknown') {
      const byDefault = await resolve(store, reference, DEFAULT_TAG)
      if (byDefault.kind === 'to-do') await admit(store, policy, byDefault.work)
    }
    throw error
  }
}

/** @throws RegistryError of any kind. */
export async function makeValid(
  { store, policy, roots, realiser }: ValidityParts,
  reference: Reference,
  tag: string,
): Promise<StorePath> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const resolved = await resolveAllowed(store, policy, reference, tag)
    if (resolved.kind === 'to-do') await admit(store, policy, resolved.work)
    // Rooted before the work begins, so that there is no moment at which it could be collected.
    if (resolved.path !== undefined) await roots.hold(resolved.path)
    if (resolved.kind === 'to-do') {
      if (resolved.work.kind === 'build') await roots.hold(resolved.work.derivation)
      await realiser.realise(resolved.work, resolved.path)
    } else if (await store.isValid(resolved.path)) return resolved.path
  }
  throw new RegistryError('unavailable', 'Nix made the path, and it is not there', {
    detail: { path: referenceBase(reference) },
  })
}
