/** The images that a registry knows of, for a listing. */
import type { StorePath } from '../core/nix/store-path.ts'
import type { Artifact } from './artifact/image-index.ts'
import type { KeptPath } from './state/durable-roots.ts'

export type KnownImage = {
  /** The store path that it is pulled by. */
  readonly root: StorePath
  /** The image or index, if this process made it. */
  readonly artifact: Artifact | undefined
  /** The last pull in milliseconds since the epoch, to the hour, if the path is kept for that. */
  readonly pulledMs: number | undefined
}

/**
 * Joins what was made and what is kept to one list without repetitions. The last pulled is first.
 * @param artifacts several may have the same root: the tags of a layout.
 */
export function listKnownImages(
  artifacts: readonly Artifact[],
  kept: readonly KeptPath[],
): readonly KnownImage[] {
  const byRoot = new Map<StorePath, KnownImage>()
  for (const artifact of artifacts) {
    const { root } = artifact
    if (!byRoot.has(root)) byRoot.set(root, { root, artifact, pulledMs: undefined })
  }
  for (const { path, pulledMs } of kept)
    byRoot.set(path, { root: path, artifact: byRoot.get(path)?.artifact, pulledMs })
  return [...byRoot.values()].toSorted(
    (a, b) => (b.pulledMs ?? Infinity) - (a.pulledMs ?? Infinity) || (a.root < b.root ? -1 : 1),
  )
}
