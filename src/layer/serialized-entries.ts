/** Entries of a layer as bytes, which go from thread to thread without being taken apart. */
import { deserialize, serialize } from 'node:v8'
import type { LayerEntry } from '../core/tar/segment.ts'

/** They can be read again and again. */
export type SerializedEntries = Iterable<LayerEntry> & { readonly pieces: readonly Uint8Array[] }

/** Entries that are unpacked at once: half a millisecond. */
const ENTRIES_IN_PIECE = 500

/** In pieces, so that the server's thread can read some, and do other work. */
export function serializeEntries(entries: Iterable<LayerEntry>): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let piece: LayerEntry[] = []
  for (const entry of entries) {
    if (piece.push(entry) < ENTRIES_IN_PIECE) continue
    pieces.push(serialize(piece))
    piece = []
  }
  return [...pieces, serialize(piece)]
}

/** @param pieces that `serializeEntries` made. */
export function serializedEntries(pieces: readonly Uint8Array[]): SerializedEntries {
  return {
    pieces,
    *[Symbol.iterator]() {
      for (const piece of pieces) yield* deserialize(piece) as readonly LayerEntry[]
    },
  }
}

export function isSerialized(entries: Iterable<LayerEntry>): entries is SerializedEntries {
  return 'pieces' in entries
}
