/** What may be in an image: nothing that its store path doesn't refer to. */
import { RegistryError } from '../../core/errors/errors.ts'
import type { StorePath } from '../../core/nix/store-path.ts'

/**
 * Asked of every path that an image names or that was read for it. What Nix doesn't know to belong to it may be gone
 * tomorrow, and a file that names any path would open the whole store to whoever may pull it.
 * @param closure of the root: a set or a map by path.
 * @throws RegistryError `unservable` naming the first path that isn't in it.
 */
export function demandInside(
  root: StorePath,
  paths: readonly StorePath[],
  closure: { readonly has: (path: StorePath) => boolean },
): void {
  const outside = paths.find((path) => !closure.has(path))
  if (outside === undefined) return
  throw new RegistryError('unservable', `${root}: names ${outside}, which is not in its closure`)
}
