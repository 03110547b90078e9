/** Entries that an image was told to have at places of its own, in little memory for as long as the image is known. */
import { asByteString, displayPath, type ByteString } from '../core/byte-string.ts'
import { storePathAround, type StorePath } from '../core/nix/store-path.ts'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { LayerEntry } from '../core/tar/segment.ts'
import { pagesIn, type LayerFormat } from './layer-format.ts'
import { packFrame, type PackedFrame } from './packed-frame.ts'

export type PackedEntries = {
  readonly kind: 'packed entries'
  readonly frame: PackedFrame
  /** The packed names of the entries. */
  readonly names: Uint8Array
  /** The store paths that files are copied from, each once. */
  readonly copiedFrom: readonly StorePath[]
}

/** Between names: no name has it. */
const NAME_END = '\0'

/** @param pause called again and again, so that other work gets its turn. */
export async function packEntries(
  entries: Iterable<LayerEntry>,
  pause: () => Promise<unknown>,
  format: LayerFormat = 'tar',
): Promise<PackedEntries> {
  const names: ByteString[] = []
  const copiedFrom = new Set<StorePath>()
  const pages = await pagesIn(format, noted(entries, names, copiedFrom), pause)
  const frame = await packFrame(pages, pause)
  const text = Buffer.from(names.join(NAME_END), 'latin1')
  // A copy: most names are much smaller than the chunk of 16 KiB that zlib made them in.
  const packed = Uint8Array.from(zstdCompressSync(text))
  return { kind: 'packed entries', frame, names: packed, copiedFrom: [...copiedFrom] }
}

/** The same entries. @param names gets the name of each. @param copiedFrom gets the store paths of their files. */
function* noted(
  entries: Iterable<LayerEntry>,
  names: ByteString[],
  copiedFrom: Set<StorePath>,
): Generator<LayerEntry> {
  for (const entry of entries) {
    names.push(entry.name)
    const path = entry.source === undefined ? undefined : storePathAround(displayPath(entry.source))
    if (path !== undefined) copiedFrom.add(path)
    yield entry
  }
}

/** The names of the entries, in their order. */
export function entryNames({ names }: PackedEntries): readonly ByteString[] {
  const text = zstdDecompressSync(names).toString('latin1')
  return text === '' ? [] : text.split(NAME_END).map(asByteString)
}
