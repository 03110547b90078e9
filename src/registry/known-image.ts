/** An image that was made, and whether its root is still the one that it was made of. */
import { lstatSync } from 'node:fs'
import type { StorePath } from '../core/store-path.ts'
import type { Image } from './image.ts'

/** An image, and what its root was when it was made (see `stampOf`). */
export type Known = { readonly image: Image; readonly stamp: string }

export function isAsMade({ image, stamp }: Known): boolean {
  return stampOf(image.root) === stamp
}

/**
 * Says whether a path is still the one that an image was made of: a path that was collected and made again is another
 * file, and its contents may differ. Its closure needs no look: Nix removes a path only after all that refers to it.
 */
export function stampOf(root: StorePath): string | undefined {
  const stat = lstatSync(root, { throwIfNoEntry: false })
  return stat === undefined ? undefined : `${stat.ino} ${stat.ctimeMs}`
}
