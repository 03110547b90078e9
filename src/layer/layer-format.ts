/** The formats of a layer: each writes the same entries, and both are frames around the contents of files. */
import { EROFS_FORMAT } from '../core/erofs/erofs-layout.ts'
import { erofsPages, erofsTree } from '../core/erofs/erofs-pages.ts'
import type { FramePage } from '../core/tar/frame.ts'
import type { TarDialect } from '../core/tar/layer-style.ts'
import { layerPages, type LayerEntry } from '../core/tar/segment.ts'
import { TAR_FORMAT } from '../core/tar/tar-header.ts'

export type LayerFormat = 'tar' | 'erofs'

/** Part of what a layer is known by. */
export const FORMAT_NAME = {
  tar: `tar format ${TAR_FORMAT}`,
  erofs: `erofs format ${EROFS_FORMAT}`,
} as const satisfies Record<LayerFormat, string>

/**
 * The pages of a layer with these entries.
 * @param pause called again and again while entries are taken, so that other work gets its turn.
 * @param dialect of a tar; defaults to format 1.
 */
export async function pagesIn(
  format: LayerFormat,
  entries: Iterable<LayerEntry>,
  pause: () => Promise<unknown>,
  dialect?: TarDialect,
): Promise<Iterable<FramePage>> {
  switch (format) {
    case 'tar':
      return layerPages(entries, dialect)
    case 'erofs':
      return erofsPages(await erofsTree(entries, pause))
  }
}
