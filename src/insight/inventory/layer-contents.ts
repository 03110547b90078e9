/**
 * Tells which store paths a layer holds. Of a layer that is made of store paths this is known; one that was made
 * elsewhere is read once, and its answer is remembered.
 */
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { PassThrough, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { LRUCache } from 'lru-cache'
import { Parser } from 'tar/parse'
import type { Digest } from '../../core/oci/digest.ts'
import { parseStorePath, type StorePath } from '../../core/nix/store-path.ts'
import type { Image } from '../../registry/artifact/image.ts'
import type { ImageLayer } from '../../registry/artifact/image-root.ts'

export type LayerContents = {
  readonly paths: readonly StorePath[]
  /** Whether the layer was made elsewhere, so that its paths may differ from those of the store. */
  readonly isForeign: boolean
  /** Whether it has files outside of store paths that this image didn't declare, such as those of a base image. */
  readonly hasOthers: boolean
}

/** Streams the bytes of a layer's blob. */
export type ReadLayer = (image: Image, layer: ImageLayer) => AsyncIterable<Uint8Array>

const REMEMBERED = 2_000
/** More names than a layer has, and few enough for the memory. */
const MAX_PATHS = 100_000
/** The directories above store paths. */
const STORE_PARENTS = new Set(['', 'nix', 'nix/store'])

export class LayerReader {
  readonly #read: ReadLayer
  readonly #known = new LRUCache<Digest, LayerContents>({ max: REMEMBERED })

  constructor(read: ReadLayer) {
    this.#read = read
  }

  /** @throws RegistryError as reading the layer does. */
  async contents(image: Image, layer: ImageLayer): Promise<LayerContents> {
    const { source, digest, mediaType } = layer
    if (source.kind === 'paths') return { paths: source.paths, isForeign: false, hasOthers: false }
    if (source.kind === 'packed entries')
      return { paths: source.copiedFrom, isForeign: false, hasOthers: false }
    const known = this.#known.get(digest)
    if (known !== undefined) return known
    const found = await contentsOfTar(this.#read(image, layer), decompressorOf(mediaType))
    this.#known.set(digest, found)
    return found
  }
}

function decompressorOf(mediaType: string): Transform {
  if (mediaType.endsWith('gzip')) return createGunzip()
  return mediaType.endsWith('zstd') ? createZstdDecompress() : new PassThrough()
}

/** Returns no known paths, and other files, for bytes that can't be read as a tar. */
async function contentsOfTar(
  bytes: AsyncIterable<Uint8Array>,
  decompressor: Transform,
): Promise<LayerContents> {
  const paths = new Set<StorePath>()
  let hasOthers = false
  const parser = new Parser({
    // Compression was decided by the media type.
    brotli: false,
    onReadEntry: (entry) => {
      const name = entry.path.replace(/^\.?\/+|\/+$/g, '')
      const path = storePathOfName(name)
      if (path !== undefined && paths.size < MAX_PATHS) paths.add(path)
      else if (!STORE_PARENTS.has(name) && path === undefined) hasOthers = true
      entry.resume()
    },
  })
  try {
    await pipeline(bytes, decompressor, async (source) => {
      for await (const chunk of source) if (!parser.write(chunk as Buffer)) await once(parser, 'drain')
      parser.end()
    })
  } catch (error) {
    if (!isDamage(error)) throw error
    hasOthers = true
  }
  return { paths: [...paths], isForeign: true, hasOthers }
}

/** `nix/store/<hash>-hello/bin/hello` as the store path. */
function storePathOfName(name: string): StorePath | undefined {
  const [nix, store, base] = name.split('/', 3)
  return nix === 'nix' && store === 'store' && base !== undefined
    ? parseStorePath(`/nix/store/${base}`)
    : undefined
}

/** Errors of decompressors. A registry's own errors are for the caller. */
function isDamage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(?:Z|ZSTD|TAR)_/.test(String(error.code))
}
