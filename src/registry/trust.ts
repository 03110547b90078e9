/**
 * Decides which paths may be served where the operator names keys: those built here, content-addressed ones, and those
 * that one of the keys signed. Nix's own check (`require-sigs`) happens when a path is fetched, with the keys of
 * nix.conf. This check happens whenever an image is made, whatever was in the store before.
 */
import { RegistryError } from '../core/errors/errors.ts'
import { isSignedBy, type SigningKey } from '../core/nix/signature.ts'
import type { ClosurePath } from '../store/store.ts'

/** @param keys none: every path is trusted. @throws RegistryError `denied` naming the first path that isn't. */
export function demandSignatures(keys: readonly SigningKey[], closure: readonly ClosurePath[]): void {
  if (keys.length === 0) return
  const unsigned = closure.find(
    (info) => !info.isBuiltHere && info.contentAddress === '' && !isSignedBy(keys, info),
  )
  if (unsigned === undefined) return
  const names = keys.map(({ name }) => name).join(', ')
  throw new RegistryError('denied', `${unsigned.path} has no signature by ${names} (--require-keys)`)
}
