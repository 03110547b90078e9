/**
 * The use cases of a pull: which image a reference names, which blob of it a digest names, and its bytes. Images are
 * remembered while their root is in the store; everything else is asked anew.
 */
import type { Digest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import type { Document } from '../core/image.ts'
import type { Policy } from '../core/policy.ts'
import type { ByteRange } from '../core/range.ts'
import { referenceBase, type Reference } from '../core/reference.ts'
import type { Selector } from '../core/route.ts'
import type { BlobContent } from '../core/segment.ts'
import type { StorePath } from '../core/store-path.ts'
import { BlobStreams } from '../layer/stream.ts'
import type { Image } from './image.ts'
import { documentIn, imageWithBlob, isIndex, manifestIn, onlyImage, type Served } from './image-index.ts'
import { Images, type ImagesOptions } from './images.ts'
import { Realiser, type WorkLimits, type WorkListener } from './realise.ts'
import { DEFAULT_TAGS, resolve, tagsOf } from './resolve.ts'
import { LayerFrames } from './layer-frames.ts'
import { imageTags } from './served.ts'
import { within } from './single-flight.ts'
import { Roots, type RootsOptions } from './roots.ts'

export type Blob = {
  /** The image that it belongs to. */
  readonly root: StorePath
  readonly digest: Digest
  readonly size: number
  readonly mediaType: string
  /** Walks the store for a layer that wasn't streamed for a while: only for who reads it. */
  readonly content: () => Promise<BlobContent>
}

export type RegistryOptions = ImagesOptions & {
  readonly roots: RootsOptions
  /** What may be fetched and built. */
  readonly policy: Policy
  /** Milliseconds that a request may wait for work that goes on without it. */
  readonly holdMs: number
  readonly limits: WorkLimits
  /** Whether blobs are hashed again while they are streamed. */
  readonly verify: boolean
  readonly onWork?: WorkListener
}

/** How much there is of what changes all the time. */
export type RegistryFigures = {
  /** Requests that wait for an image to be made. */
  readonly held: number
  readonly images: number
  readonly temporaryRoots: number
  readonly durableRoots: number
}

/** Seconds after which a client that was put off should ask again: builds of less are over within the hold. */
const RETRY_AFTER_S = 5
const DEFAULT_TAG = 'latest'

export class Registry {
  readonly #options: RegistryOptions
  readonly #roots: Roots
  readonly #streams: BlobStreams
  readonly #images: Images
  readonly #frames: LayerFrames
  #held = 0

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#roots = new Roots(options.nix, options.roots)
    this.#images = new Images(
      {
        nix: options.nix,
        policy: options.policy,
        roots: this.#roots,
        realiser: new Realiser(options.nix, options.limits, options.onWork ?? (() => undefined)),
      },
      options,
    )
    this.#frames = new LayerFrames(options.reader)
    this.#streams = new BlobStreams(options.reader)
  }

  /**
   * The manifest or index that a tag or digest names, made if need be.
   * @param takesIndex whether the client does: one that doesn't gets the image for linux/amd64 for a tag.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold.
   */
  async manifest(reference: Reference, selector: Selector, takesIndex = true): Promise<Document> {
    if (selector.kind === 'tag')
      return takesIndex
        ? (await this.served(reference, selector.tag)).manifest
        : (await this.image(reference, selector.tag)).manifest
    const { digest } = selector
    const found = await this.#first(reference, (served) => manifestIn(served, digest))
    if (found !== undefined) return found
    const wasServed = this.#options.index.manifest(digest) !== undefined
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
    const found = await this.#first(reference, (served) => this.#blobIn(served, digest))
    if (found !== undefined) return found
    throw new RegistryError('blob-unknown', 'this name has no blob with this digest', { detail: { digest } })
  }

  /** @throws RegistryError `unavailable` in mid-stream when the store changed: cut the connection then. */
  async *read({ root, content, digest }: Blob, range: ByteRange): AsyncGenerator<Uint8Array> {
    const release = this.#roots.pin(root)
    try {
      const found = await content()
      yield* this.#options.verify
        ? this.#streams.readVerified(found, range, digest)
        : this.#streams.read(found, range)
    } finally {
      release()
    }
  }

  /** Sorted. @throws RegistryError `name-unknown`, `unavailable`. */
  tags(reference: Reference): Promise<readonly string[]> {
    return tagsOf(this.#options.nix, reference, (path) => imageTags(this.#options, path))
  }

  /**
   * The image that a tag names, of an index the one for linux/amd64.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold, and goes on.
   */
  async image(reference: Reference, tag: string): Promise<Image> {
    const served = await this.served(reference, tag)
    return isIndex(served) ? this.#hold(reference, onlyImage(served)) : served
  }

  /**
   * The image or index that a tag names, fetched, built and hashed if need be.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold, and goes on.
   */
  async served(reference: Reference, tag: string): Promise<Served> {
    return this.#images.known(reference, tag) ?? this.#hold(reference, this.#images.find(reference, tag))
  }

  /** Connects to Nix, so that the first pull needn't. @returns Nix's version. @throws RegistryError `unavailable`. */
  async warmUp(): Promise<string> {
    const [version] = await Promise.all([this.#options.nix.connect(), this.#roots.open()])
    return version
  }

  /** A question that Nix always has an answer to. @throws RegistryError `unavailable`. */
  async askNix(): Promise<void> {
    await this.#options.nix.ping()
  }

  figures(): RegistryFigures {
    const { temporary, durable } = this.#roots.count()
    return { held: this.#held, images: this.#images.size, temporaryRoots: temporary, durableRoots: durable }
  }

  close(): void {
    this.#roots.close()
  }

  /** Waits no longer than the hold. @throws RegistryError `pending`, and the work goes on. */
  async #hold<T>(reference: Reference, work: Promise<T>): Promise<T> {
    this.#held += 1
    const done = await within(work, this.#options.holdMs).finally(() => (this.#held -= 1))
    if (done !== undefined) return done.value
    throw new RegistryError('pending', 'still being built or fetched: ask again', {
      detail: { path: referenceBase(reference), retryAfterSeconds: RETRY_AFTER_S },
    })
  }

  /**
   * What is found in the first of this name's images that has it. A path may have several (the outputs of a derivation,
   * the tags of a layout), and requests by digest don't say which: those at hand are tried first, then the default one,
   * then the others, but of a derivation only the outputs that are valid.
   */
  async #first<T>(
    reference: Reference,
    look: (served: Served) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    // What an index names may have to be made.
    const lookInto = (served: Served) =>
      isIndex(served) ? this.#hold(reference, look(served)) : look(served)
    for (const known of this.#images.of(reference)) {
      const found = await lookInto(known)
      if (found === undefined) continue
      this.#images.use(known)
      return found
    }
    const found = await lookInto(await this.served(reference, DEFAULT_TAG))
    if (found !== undefined) return found
    for (const tag of await this.tags(reference)) {
      if (DEFAULT_TAGS.includes(tag)) continue
      const { kind } = await resolve(this.#options.nix, reference, tag)
      const other = kind === 'valid' ? await lookInto(await this.served(reference, tag)) : undefined
      if (other !== undefined) return other
    }
    return undefined
  }

  async #blobIn(served: Served, digest: Digest): Promise<Blob | undefined> {
    const image = await imageWithBlob(served, digest)
    const layer = image?.layerByDigest.get(digest)
    if (image !== undefined && layer !== undefined) {
      const content = () => this.#frames.content(layer)
      return { root: image.root, digest, size: layer.size, mediaType: layer.mediaType, content }
    }
    const own = isIndex(served) ? documentIn(served, digest) : undefined
    const document = [own, image?.config, image?.manifest].find((candidate) => candidate?.digest === digest)
    if (document === undefined) return undefined
    const { bytes, mediaType } = document
    const content = async (): Promise<BlobContent> => ({ kind: 'bytes', bytes })
    return { root: (image ?? served).root, digest, size: bytes.length, mediaType, content }
  }
}
