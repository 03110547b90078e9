/** A planned layer, before its digest is known. */
import type { LayerEntry } from '../../core/tar/segment.ts'
import type { LayerFormat } from '../../layer/layer-format.ts'
import type { PackedEntries } from '../../layer/packed-entries.ts'
import type { LayerSource } from '../../layer/worker.ts'
import type { StoredLayer } from '../../source/source.ts'
import type { UnpackedSlice } from './unpacked-slice.ts'

/** Entries until they are packed. */
type Entries = {
  readonly kind: 'entries'
  readonly entries: Iterable<LayerEntry>
  readonly format: LayerFormat
}

export type Part = {
  readonly source: Exclude<LayerSource, PackedEntries> | UnpackedSlice | Entries
  readonly createdBy: string
  readonly stored?: StoredLayer
}
