/**
 * Checks what a pull would find, before anybody pulls. Nothing is fetched, built or hashed. It asks Nix, and looks at
 * the kind of the path, for which a compressed archive is unpacked as for its pull.
 */
import { RegistryError } from '../core/errors/errors.ts'
import type { Policy } from '../core/policy.ts'
import type { Reference } from '../core/oci/reference.ts'
import type { Selector } from '../core/oci/route.ts'
import { isDerivationPath, type StorePath } from '../core/nix/store-path.ts'
import type { Store } from '../store/store.ts'
import { admit } from '../store/admit.ts'
import { wantedBy, type ImageForm } from './artifact/image-form.ts'
import { resolveAllowed } from './artifact/make-valid.ts'
import { tagInside } from './artifact/resolve.ts'
import type { WorkJournal } from './work/work-journal.ts'
import { DEFAULT_TAG } from '../core/oci/image-name.ts'

/** `failed`: it was tried a short while ago, and isn't tried again yet. `unknown`: no pull can succeed. */
export type PullCheck =
  | { readonly kind: 'present' | 'fetchable' | 'buildable' }
  | { readonly kind: 'failed' | 'unknown'; readonly error: RegistryError }

export type PullCheckParts = {
  readonly store: Store
  readonly policy: Policy
  readonly journal: Pick<WorkJournal, 'failure'>
  /** @throws RegistryError when a valid path is no image, or none that is served. */
  readonly demandImage: (
    path: StorePath,
    tag: string | undefined,
    form: ImageForm | undefined,
  ) => Promise<void>
}

/** Kinds of errors that mean that no pull can succeed, now or later. */
const FINAL: readonly string[] = [
  'name-unknown',
  'name-invalid',
  'manifest-unknown',
  'denied',
  'unservable',
  'no-builder',
]

/** @throws RegistryError `lookup-failed` or `unavailable` where nobody knows. */
export async function checkPull(
  { store, policy, journal, demandImage }: PullCheckParts,
  reference: Reference,
  selector: Selector,
): Promise<PullCheck> {
  const { tag, form, isDemanded } = wantedBy(selector.kind === 'tag' ? selector.tag : DEFAULT_TAG)
  try {
    const resolved = await resolveAllowed(store, policy, reference, tag)
    if (resolved.kind === 'valid') {
      const inside = tagInside(reference, resolved.path, tag)
      await demandImage(resolved.path, inside, isDemanded ? form : undefined)
      return { kind: 'present' }
    }
    const { work } = resolved
    await admit(store, policy, work)
    const failure = journal.failure(work)
    if (failure !== undefined) return { kind: 'failed', error: failure }
    // A derivation that has to be fetched is built then.
    const isBuilt = work.kind === 'build' || isDerivationPath(work.path)
    return { kind: isBuilt ? 'buildable' : 'fetchable' }
  } catch (error) {
    if (error instanceof RegistryError && FINAL.includes(error.kind)) return { kind: 'unknown', error }
    throw error
  }
}
