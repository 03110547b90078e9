/** Images of made-up layers, and how those are read. */
import { digestOf } from '../../src/core/oci/digest.ts'
import { imageConfig, imageManifest, MEDIA_TYPE } from '../../src/core/oci/image.ts'
import type { Exported } from '../../src/archive/archive-files.ts'
import type { ReadLayer } from '../../src/archive/tar-archive.ts'
import type { Image } from '../../src/registry/artifact/image.ts'
import { storePath } from '../store-path.ts'

const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
const root = storePath(`${HASH}-hello`)
const PIECE = 700

/** An image of these layers, each a text. */
export function fakeExport(name: string, ...contents: readonly string[]): Exported {
  const layers = contents.map((content) => {
    const digest = digestOf(Buffer.from(content))
    const source = { kind: 'paths', paths: [] } as const
    return {
      digest,
      diffId: digest,
      size: content.length,
      mediaType: MEDIA_TYPE.layer,
      createdBy: 'test',
      source,
    }
  })
  const platform = { architecture: 'amd64', os: 'linux' } as const
  const config = imageConfig(platform, {}, layers)
  const manifest = imageManifest(config, layers)
  const layerByDigest = new Map(layers.map((layer) => [layer.digest, layer]))
  const image: Image = {
    root,
    kind: 'image',
    form: 'tar',
    mounts: [],
    hasPlaces: false,
    format: 'pushless image',
    platform,
    config,
    manifest,
    layers,
    layerByDigest,
    metadata: [],
  }
  const reference = { storeHash: HASH as Exported['reference']['storeHash'], slug: 'hello' }
  return { name, reference, top: manifest, images: [image] }
}

/** Reads as the store is read: in pieces whose memory is used again. */
export function readFrom(...contents: readonly string[]): ReadLayer {
  const bytes = new Map(contents.map((content) => [digestOf(Buffer.from(content)), Buffer.from(content)]))
  return async function* ({ digest }) {
    const whole = bytes.get(digest) ?? Buffer.of()
    const piece = Buffer.alloc(PIECE)
    for (let at = 0; at < whole.length; at += PIECE) {
      const length = whole.copy(piece, 0, at)
      yield piece.subarray(0, length)
      piece.fill('!')
    }
  }
}
