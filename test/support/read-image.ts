/** Reads store paths as images without a Nix store to ask: every path counts as a member of the closure. */
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { closureFiles, type ClosureFiles } from '../../src/source/files/closure-files.ts'
import { readRoot as read, type Root } from '../../src/source/detect.ts'
import type { Source, SourceOptions } from '../../src/source/source.ts'

/** @param root anything where the paths that are read are those of the store. */
export function filesOf(root: string): ClosureFiles {
  const members = Object.assign(new Set([root as StorePath]), { has: () => true })
  return closureFiles(root as StorePath, async () => members, SYSTEM_STORE)
}

export function readRoot(path: StorePath, options: Partial<SourceOptions> = {}): Promise<Root> {
  return read(path, { tag: undefined, files: filesOf(path), ...options })
}

/** The one image that a store path is, for tests of kinds that are never an index. */
export async function readImage(path: StorePath, options?: Partial<SourceOptions>): Promise<Source> {
  const root = await readRoot(path, options)
  if (root.kind !== 'image') throw new Error(`not one image: ${path}`)
  return root
}
