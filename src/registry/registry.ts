/**
 * The use cases of a pull: which image a reference names, which blob of it a digest names, and its bytes. Images are
 * remembered while their root is in the store; everything else is asked anew.
 */
import { lstatSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
import type { Digest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import { MEDIA_TYPE, type Document } from '../core/image.ts'
import type { ByteRange } from '../core/range.ts'
import { referenceBase, type Reference } from '../core/reference.ts'
import type { Selector } from '../core/route.ts'
import type { BlobContent, LayerFrame } from '../core/segment.ts'
import type { StorePath } from '../core/store-path.ts'
import type { StoreReader } from '../layer/store-reader.ts'
import { BlobStreams } from '../layer/stream.ts'
import type { NixStore } from '../nix/nix-store.ts'
import type { DigestIndex } from './digest-index.ts'
import { makeImage, type Image, type ImageLayer, type Step } from './image.ts'
import { Realiser, type WorkLimits, type WorkListener } from './realise.ts'
import { DEFAULT_TAGS, resolve, tagsOf } from './resolve.ts'
import { SingleFlight, within } from './single-flight.ts'
import { TempRoots } from './temp-roots.ts'

export type Blob = {
  readonly digest: Digest
  readonly size: number
  readonly mediaType: string
  /** Walks the store for a layer that wasn't streamed for a while: only for who reads it. */
  readonly content: () => Promise<BlobContent>
}

export type RegistryOptions = {
  readonly nix: NixStore
  readonly reader: StoreReader
  readonly index: DigestIndex
  readonly servePackages: boolean
  /** Milliseconds that a request may wait for work that goes on without it. */
  readonly holdMs: number
  readonly limits: WorkLimits
  /** Whether blobs are hashed again while they are streamed. */
  readonly verify: boolean
  readonly onWork?: WorkListener
  readonly onImage?: (image: Image, steps: Readonly<Partial<Record<Step | 'realise', number>>>) => void
}

/** An image, and what its root was when it was made (see `stampOf`). */
type Known = { readonly image: Image; readonly stamp: string }

/** An image is a few kilobytes; its layers' entries are counted apart. */
const IMAGES_KEPT = 2_000
/** Frames of layers kept, in bytes; one that isn't is walked again, which costs milliseconds. */
const FRAME_BYTES_KEPT = 32 * 1024 * 1024
const BYTES_PER_PATH = 150
/** Seconds after which a client that was put off should ask again: builds of less are over within the hold. */
const RETRY_AFTER_S = 5
/** A derivation may have to be fetched before it can be built, and built before its output is there. */
const MAX_REALISE_ROUNDS = 3
const DEFAULT_TAG = 'latest'

export class Registry {
  readonly #options: RegistryOptions
  readonly #realiser: Realiser
  readonly #roots: TempRoots
  readonly #streams: BlobStreams
  /** By name, then by tag. */
  readonly #images = new LRUCache<string, Map<string, Known>>({ max: IMAGES_KEPT })
  readonly #making = new SingleFlight<Image>()
  readonly #framing = new SingleFlight<LayerFrame>()
  readonly #frames = new LRUCache<Digest, LayerFrame>({
    maxSize: FRAME_BYTES_KEPT,
    sizeCalculation: ({ bytes, paths }) => bytes.length + paths.length * BYTES_PER_PATH,
  })

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#realiser = new Realiser(options.nix, options.limits, options.onWork ?? (() => undefined))
    this.#roots = new TempRoots(options.nix)
    this.#streams = new BlobStreams(options.reader)
  }

  /**
   * The manifest that a tag or digest names, made if need be.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold.
   */
  async manifest(reference: Reference, selector: Selector): Promise<Document> {
    if (selector.kind === 'tag') return (await this.image(reference, selector.tag)).manifest
    const { digest } = selector
    const image = await this.#imageWith(reference, (candidate) => candidate.manifest.digest === digest)
    if (image !== undefined) return image.manifest
    const wasServed = this.#options.index.manifestRoot(digest) !== undefined
    throw new RegistryError(
      'manifest-unknown',
      wasServed
        ? 'this manifest was served before, and the store path has other contents now: pull by tag'
        : 'this name has no manifest with this digest',
      { detail: { digest } },
    )
  }

  /** @throws RegistryError of any kind; `blob-unknown` for a digest that isn't this image's. */
  async blob(reference: Reference, digest: Digest): Promise<Blob> {
    const image = await this.#imageWith(reference, (candidate) => hasBlob(candidate, digest))
    const layer = image?.layerByDigest.get(digest)
    if (layer !== undefined) {
      const content = async (): Promise<BlobContent> => ({ kind: 'layer', frame: await this.#frame(layer) })
      return { digest, size: layer.size, mediaType: MEDIA_TYPE.layer, content }
    }
    for (const { digest: found, bytes, mediaType } of image === undefined
      ? []
      : [image.config, image.manifest]) {
      if (found === digest)
        return { digest, size: bytes.length, mediaType, content: async () => ({ kind: 'bytes', bytes }) }
    }
    throw new RegistryError('blob-unknown', 'this name has no blob with this digest', { detail: { digest } })
  }

  /** @throws RegistryError `unavailable` in mid-stream when the store changed: cut the connection then. */
  async *read({ content, digest }: Blob, range: ByteRange): AsyncGenerator<Uint8Array> {
    const found = await content()
    yield* this.#options.verify
      ? this.#streams.readVerified(found, range, digest)
      : this.#streams.read(found, range)
  }

  /** Sorted. @throws RegistryError `name-unknown`, `unavailable`. */
  tags(reference: Reference): Promise<readonly string[]> {
    return tagsOf(this.#options.nix, reference)
  }

  /**
   * The image that a tag names, fetched, built and hashed if need be.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold, and goes on.
   */
  async image(reference: Reference, tag: string): Promise<Image> {
    const name = referenceBase(reference)
    const known = this.#images.get(name)?.get(tag)
    if (known !== undefined && stampOf(known.image.root) === known.stamp) {
      const { root } = known.image
      // Not waited for: a root in the store now outlives this request, and the next may need it.
      if (!this.#roots.has(root)) this.#roots.add(root).catch(() => undefined)
      return known.image
    }
    const making = this.#making.run(`${name}:${tag}`, () => this.#make(reference, tag))
    const made = await within(making, this.#options.holdMs)
    if (made !== undefined) return made.value
    throw new RegistryError('pending', 'still being built or fetched: ask again', {
      detail: { path: name, retryAfterSeconds: RETRY_AFTER_S },
    })
  }

  /** Connects to Nix, so that the first pull needn't. @returns Nix's version. @throws RegistryError `unavailable`. */
  async warmUp(): Promise<string> {
    const [version] = await Promise.all([this.#options.nix.connect(), this.#roots.connect()])
    return version
  }

  /** A question that Nix always has an answer to. @throws RegistryError `unavailable`. */
  async askNix(): Promise<void> {
    await this.#options.nix.ping()
  }

  close(): void {
    this.#roots.close()
  }

  async #make(reference: Reference, tag: string): Promise<Image> {
    const steps: Partial<Record<Step | 'realise', number>> = {}
    const start = performance.now()
    const root = await this.#realise(reference, tag)
    steps.realise = performance.now() - start
    const stamp = stampOf(root) ?? ''
    const image = await makeImage(this.#options, root, (step, ms) => (steps[step] = ms))
    this.#options.index.putManifest(root, image.manifest)
    const name = referenceBase(reference)
    this.#images.set(name, new Map([...(this.#images.get(name) ?? []), [tag, { image, stamp }]]))
    this.#options.onImage?.(image, steps)
    return image
  }

  async #realise(reference: Reference, tag: string): Promise<StorePath> {
    const { nix } = this.#options
    for (let round = 0; round < MAX_REALISE_ROUNDS; round++) {
      const resolved = await resolve(nix, reference, tag)
      // Rooted before the work begins, so that there is no moment at which it could be collected.
      if (resolved.path !== undefined) await this.#roots.add(resolved.path)
      if (resolved.kind !== 'valid') await this.#realiser.realise(resolved.work)
      else if (await nix.isValid(resolved.path)) return resolved.path
    }
    throw new RegistryError('unavailable', 'Nix made the path, and it is not there', {
      detail: { path: referenceBase(reference) },
    })
  }

  /**
   * The image of this name that `matches`. A derivation has an image for each output, and requests by digest don't say
   * which: those at hand are tried first, then the default one, then the other outputs that are valid.
   */
  async #imageWith(reference: Reference, matches: (image: Image) => boolean): Promise<Image | undefined> {
    for (const { image, stamp } of this.#images.get(referenceBase(reference))?.values() ?? []) {
      if (matches(image) && stampOf(image.root) === stamp) return image
    }
    const image = await this.image(reference, DEFAULT_TAG)
    if (matches(image)) return image
    for (const tag of await this.tags(reference)) {
      if (DEFAULT_TAGS.includes(tag)) continue
      const { kind } = await resolve(this.#options.nix, reference, tag)
      const other = kind === 'valid' ? await this.image(reference, tag) : undefined
      if (other !== undefined && matches(other)) return other
    }
    return undefined
  }

  async #frame({ digest, size, source }: ImageLayer): Promise<LayerFrame> {
    const known = this.#frames.get(digest)
    if (known !== undefined) return known
    return this.#framing.run(digest, async () => {
      const frame = await this.#options.reader.frame(source)
      if (frame.size !== size) {
        throw new RegistryError('unavailable', 'the store holds other files than were hashed', {
          detail: { digest },
        })
      }
      this.#frames.set(digest, frame)
      return frame
    })
  }
}

function hasBlob(image: Image, digest: Digest): boolean {
  return image.layerByDigest.has(digest) || image.config.digest === digest || image.manifest.digest === digest
}

/**
 * Says whether a path is still the one that an image was made of: a path that was collected and made again is another
 * file, and its contents may differ. Its closure needs no look: Nix removes a path only after all that refers to it.
 */
function stampOf(root: StorePath): string | undefined {
  const stat = lstatSync(root, { throwIfNoEntry: false })
  return stat === undefined ? undefined : `${stat.ino} ${stat.ctimeMs}`
}
