/** Frames of layers, kept while they are used: whoever streams a layer needs its headers and where its files are. */
import { LRUCache } from 'lru-cache'
import type { Digest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import type { BlobContent, LayerFrame } from '../core/segment.ts'
import type { StoreReader } from '../layer/store-reader.ts'
import type { WalkedLayer } from '../layer/worker.ts'
import { heldSlice, type Unpacker } from './unpacked-slice.ts'
import type { ImageLayer } from './image.ts'
import { SingleFlight } from './single-flight.ts'

/** What a blob is made of, there until it is released. */
export type HeldContent = { readonly content: BlobContent; readonly release: () => void }

/** Bytes; a frame that isn't kept is walked again, which costs milliseconds. */
const BYTES_KEPT = 32 * 1024 * 1024
const BYTES_PER_PATH = 150

export class LayerFrames {
  readonly #reader: StoreReader
  readonly #unpacker: Unpacker
  readonly #walking = new SingleFlight<LayerFrame>()
  readonly #kept = new LRUCache<Digest, LayerFrame>({
    maxSize: BYTES_KEPT,
    sizeCalculation: ({ bytes, paths }) => bytes.length + paths.length * BYTES_PER_PATH,
  })

  constructor(reader: StoreReader, unpacker: Unpacker) {
    this.#reader = reader
    this.#unpacker = unpacker
  }

  /** Unpacks its archive again if need be. @throws RegistryError `unavailable` when the store has other files than were hashed. */
  async content({ digest, size, source }: ImageLayer): Promise<HeldContent> {
    switch (source.kind) {
      case 'unpacked':
        return heldSlice(source, this.#unpacker)
      case 'slice':
        return unheld(source)
      case 'paths':
      case 'entries':
        return unheld({ kind: 'layer', frame: await this.#frame(digest, size, source) })
    }
  }

  async #frame(digest: Digest, size: number, source: WalkedLayer): Promise<LayerFrame> {
    const known = this.#kept.get(digest)
    if (known !== undefined) return known
    return this.#walking.run(digest, async () => {
      const frame = await this.#reader.frame(source)
      if (frame.size !== size) {
        throw new RegistryError('unavailable', 'the store holds other files than were hashed', {
          detail: { digest },
        })
      }
      this.#kept.set(digest, frame)
      return frame
    })
  }
}

/** Content that stays without anybody's doing. */
export function unheld(content: BlobContent): HeldContent {
  return { content, release: () => undefined }
}
