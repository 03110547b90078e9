/** Frames of layers, kept while they are used. Streaming a layer needs its headers, and the places of its files. */
import { LRUCache } from 'lru-cache'
import type { Digest } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { LayerFrame } from '../../core/tar/frame.ts'
import type { BlobContent } from '../../core/tar/segment.ts'
import { PageCache, packedSize, type PackedFrame } from '../../layer/packed-frame.ts'
import type { StoreReader } from '../../layer/store-reader.ts'
import type { WalkedLayer } from '../../layer/worker.ts'
import { heldSlice, type Unpacker } from './unpacked-slice.ts'
import type { ImageLayer } from './image-root.ts'
import type { FrameFiles } from '../state/frame-files.ts'
import { SingleFlight } from '../work/single-flight.ts'

/** The content of a blob, which stays available until it is released. */
export type HeldContent = { readonly content: BlobContent; readonly release: () => void }

/** Bytes of packed frames, about those of a million files. Others are read from disk, or walked again. */
const PACKED_BYTES = 16 * 1024 * 1024
/**
 * Bytes of their unpacked pages. With room for 4 MB, streams of a layer of a hundred pages unpacked them again: eight took a
 * tenth more processor time.
 */
const UNPACKED_BYTES = 8 * 1024 * 1024

type Kept = { readonly packed: PackedFrame; readonly frame: LayerFrame }

export class LayerFrames {
  readonly #reader: StoreReader
  readonly #unpacker: Unpacker
  readonly #files: FrameFiles
  readonly #walking = new SingleFlight<LayerFrame>()
  readonly #pages = new PageCache(UNPACKED_BYTES)
  readonly #kept = new LRUCache<Digest, Kept>({
    maxSize: PACKED_BYTES,
    sizeCalculation: ({ packed }) => packedSize(packed),
  })

  constructor(reader: StoreReader, unpacker: Unpacker, files: FrameFiles) {
    this.#reader = reader
    this.#unpacker = unpacker
    this.#files = files
  }

  /**
   * Unpacks its archive again if need be.
   * @throws RegistryError `unavailable` when the store has other files than were hashed.
   */
  async content({ digest, size, source }: ImageLayer): Promise<HeldContent> {
    switch (source.kind) {
      case 'unpacked':
        return heldSlice(source, this.#unpacker)
      case 'slice':
        return unheld(source)
      case 'packed entries':
        return unheld({ kind: 'layer', frame: this.#opened(digest, source.frame) })
      case 'paths':
        return unheld({ kind: 'layer', frame: await this.#walked(digest, size, source) })
    }
  }

  /** The same frame each time, while it is used: its pages are unpacked once. */
  #opened(digest: Digest, packed: PackedFrame): LayerFrame {
    const { frame } = this.#kept.get(digest) ?? { frame: this.#pages.open(packed) }
    this.#kept.set(digest, { packed, frame })
    return frame
  }

  async #walked(digest: Digest, size: number, source: WalkedLayer): Promise<LayerFrame> {
    const known = this.#kept.get(digest)
    if (known !== undefined) return known.frame
    return this.#walking.run(digest, async () => {
      const kept = await this.#files.get(digest, source)
      if (kept !== undefined) return this.#opened(digest, kept)
      const packed = await this.#reader.frame(source)
      if (packed.size !== size) {
        throw new RegistryError('unavailable', 'the store holds other files than were hashed', {
          detail: { digest },
        })
      }
      this.#files.put(digest, source, packed)
      return this.#opened(digest, packed)
    })
  }
}

/** Content that stays without anybody's doing. */
export function unheld(content: BlobContent): HeldContent {
  return { content, release: () => undefined }
}
