/** A registry of one image with one layer, for tests of what HTTP makes of it. */
import type { ByteRange } from '../../src/core/oci/range.ts'
import { setTimeout } from 'node:timers/promises'
import { digestOf } from '../../src/core/oci/digest.ts'
import { RegistryError, type ErrorKind } from '../../src/core/errors/errors.ts'
import { EMPTY_INDEX, imageConfig, imageManifest, MEDIA_TYPE } from '../../src/core/oci/image.ts'
import type { Reference } from '../../src/core/oci/reference.ts'
import type { V2Options } from '../../src/http/pull/v2.ts'
import type { Registry } from '../../src/registry/registry.ts'

export const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
export const NAME = `nix/store/${HASH}-hello`
/** Above the size from which layers are compressed. */
export const LAYER = Buffer.from('0123456789'.repeat(10_000))
export const LAYER_DIGEST = digestOf(LAYER)
const PIECE = 30_000

const layers = [
  {
    digest: LAYER_DIGEST,
    diffId: LAYER_DIGEST,
    mediaType: MEDIA_TYPE.layer,
    size: LAYER.length,
    createdBy: 'test',
  },
]
export const CONFIG = imageConfig({ architecture: 'amd64', os: 'linux' }, {}, layers)
export const MANIFEST = imageManifest(CONFIG, layers)

export type FakeRegistry = {
  readonly registry: Registry
  /** Streams begun, and those that ended, whichever way. */
  readonly streams: { begun: number; ended: number }
  readonly asked: readonly string[]
}

export type FakeFailure =
  /** Every question fails. */
  | { readonly at: 'ask'; readonly error: Error }
  /** Streams fail after so many pieces. */
  | { readonly at: 'stream'; readonly after: number; readonly error: Error }

export function fakeRegistry(failure?: FakeFailure): FakeRegistry {
  const streams = { begun: 0, ended: 0 }
  const asked: string[] = []
  const ask = (what: string, { storeHash }: Reference) => {
    asked.push(what)
    if (failure?.at === 'ask') throw failure.error
    if (storeHash !== HASH) throw new RegistryError('name-unknown', 'no such store path')
  }
  async function* read(whole: Uint8Array, { start, end }: ByteRange): AsyncGenerator<Uint8Array> {
    streams.begun += 1
    try {
      const bytes = whole.subarray(start, end)
      for (let at = 0, count = 0; at < bytes.length; at += PIECE, count++) {
        if (failure?.at === 'stream' && count === failure.after) {
          // What came before leaves first.
          await setTimeout(20)
          throw failure.error
        }
        yield bytes.subarray(at, at + PIECE)
      }
    } finally {
      streams.ended += 1
    }
  }
  const registry: Pick<Registry, 'manifest' | 'recalledManifest' | 'blob' | 'tags' | 'askNix' | 'figures'> = {
    manifest: async (reference, selector) => {
      ask('manifest', reference)
      const isThere =
        selector.kind === 'tag' ? selector.tag === 'latest' : selector.digest === MANIFEST.digest
      if (!isThere) throw new RegistryError('manifest-unknown', 'no such tag')
      return MANIFEST
    },
    recalledManifest: () => undefined,
    blob: async (reference, digest) => {
      ask('blob', reference)
      for (const { bytes, digest: found, mediaType } of [
        CONFIG,
        MANIFEST,
        { bytes: LAYER, digest: LAYER_DIGEST, mediaType: MEDIA_TYPE.layer },
      ]) {
        if (found === digest)
          return { digest, size: bytes.length, mediaType, read: (range) => read(bytes, range) }
      }
      throw new RegistryError('blob-unknown', 'no such blob')
    },
    askNix: async () => undefined,
    figures: () => ({ held: 0, images: 1, temporaryRoots: 0, durableRoots: 0 }),
    tags: async (reference) => {
      ask('tags', reference)
      return ['dev', 'latest', 'nix', 'out']
    },
  }
  return { registry: registry as Registry, streams, asked }
}

/** Images without referrers. */
export const NO_REFERRERS: V2Options['referrers'] = {
  list: async () => EMPTY_INDEX,
  tagged: async () => undefined,
  manifest: async () => undefined,
  blob: async () => undefined,
  isKnown: () => false,
}

/** Of a kind, with everything that could leak. */
export function failureOf(kind: ErrorKind): RegistryError {
  return new RegistryError(kind, `secret message of ${kind}`, {
    detail: { path: '/secret/path' },
    cause: new Error('secret cause'),
  })
}
