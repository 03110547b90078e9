/** All files of an image as one layer in EROFS, for a file that is mounted without a registry. */
import { absolutePath } from '../../core/byte-string.ts'
import type { StoreDirectory } from '../../core/nix/store-directory.ts'
import type { LayerEntry } from '../../core/tar/segment.ts'
import { walkForErofs } from '../../layer/walk.ts'
import type { Part } from './layer-part.ts'

/** Says where contents come from, so that they are part of what the layer is known by. */
function* withSources(entries: Iterable<LayerEntry>): Generator<LayerEntry> {
  for (const entry of entries)
    yield entry.kind === 'file' ? { ...entry, source: absolutePath(entry.name) } : entry
}

/** One part with the entries of all, in their order: of two with one name, EROFS takes the last. */
export function joinedPart(parts: readonly Part[], directory: StoreDirectory): Part {
  const entries = {
    *[Symbol.iterator]() {
      for (const { source } of parts) {
        if (source.kind === 'paths') yield* withSources(walkForErofs(source.paths, directory))
        if (source.kind === 'entries') yield* source.entries
      }
    },
  }
  return { source: { kind: 'entries', entries, format: 'erofs' }, createdBy: 'all files of the image' }
}
