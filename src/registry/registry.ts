/**
 * The use cases of a pull: which image a reference names, which blob of it a digest names, and its bytes. Images are
 * remembered while their root is in the store; everything else is asked anew.
 */
import { LRUCache } from 'lru-cache'
import type { Digest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import type { Document } from '../core/image.ts'
import type { Policy } from '../core/policy.ts'
import type { ByteRange } from '../core/range.ts'
import { referenceBase, type Reference } from '../core/reference.ts'
import type { Selector } from '../core/route.ts'
import type { StorePath } from '../core/store-path.ts'
import { BlobStreams } from '../layer/stream.ts'
import { imageTags, makeImage, type Image, type ImageMaker, type Step } from './image.ts'
import { makeValid, type ValidityParts } from './make-valid.ts'
import { Realiser, type WorkLimits, type WorkListener } from './realise.ts'
import { DEFAULT_TAGS, resolve, tagInside, tagsOf } from './resolve.ts'
import { LayerFrames, unheld, type HeldContent } from './layer-frames.ts'
import { isAsMade, stampOf, type Known } from './known-image.ts'
import { SingleFlight, within } from './single-flight.ts'
import { Roots, type RootsOptions } from './roots.ts'

export type Blob = {
  /** The image that it belongs to. */
  readonly root: StorePath
  readonly digest: Digest
  readonly size: number
  readonly mediaType: string
  /** Walks the store, or unpacks, for a layer that wasn't streamed for a while: only for who reads it. */
  readonly content: () => Promise<HeldContent>
}

export type RegistryOptions = ImageMaker & {
  readonly roots: RootsOptions
  /** What may be fetched and built. */
  readonly policy: Policy
  /** Milliseconds that a request may wait for work that goes on without it. */
  readonly holdMs: number
  readonly limits: WorkLimits
  /** Whether blobs are hashed again while they are streamed. */
  readonly verify: boolean
  readonly onWork?: WorkListener
  readonly onLookup?: (result: Lookup) => void
  readonly onImage?: (image: Image, steps: Readonly<Partial<Record<Step | 'realise', number>>>) => void
}

/** Whether an image was remembered or had to be made (again). */
export type Lookup = 'remembered' | 'made'

/** How much there is of what changes all the time. */
export type RegistryFigures = {
  /** Requests that wait for an image to be made. */
  readonly held: number
  readonly images: number
  readonly temporaryRoots: number
  readonly durableRoots: number
}

/** An image is a few kilobytes; its layers' entries are counted apart. */
const IMAGES_KEPT = 2_000
/** Seconds after which a client that was put off should ask again: builds of less are over within the hold. */
const RETRY_AFTER_S = 5
const DEFAULT_TAG = 'latest'

export class Registry {
  readonly #options: RegistryOptions
  readonly #parts: ValidityParts
  readonly #roots: Roots
  readonly #streams: BlobStreams
  /** By name, then by tag. */
  readonly #images = new LRUCache<string, Map<string, Known>>({ max: IMAGES_KEPT })
  readonly #making = new SingleFlight<Image>()
  readonly #frames: LayerFrames
  #held = 0

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#roots = new Roots(options.nix, options.roots)
    this.#parts = {
      nix: options.nix,
      policy: options.policy,
      roots: this.#roots,
      realiser: new Realiser(options.nix, options.limits, options.onWork ?? (() => undefined)),
    }
    this.#frames = new LayerFrames(options.reader, options.archives.cache)
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
    if (image !== undefined && layer !== undefined) {
      const content = () => this.#frames.content(layer)
      return { root: image.root, digest, size: layer.size, mediaType: layer.mediaType, content }
    }
    const document = [image?.config, image?.manifest].find((candidate) => candidate?.digest === digest)
    if (image !== undefined && document !== undefined) {
      const { bytes, mediaType } = document
      const content = async () => unheld({ kind: 'bytes', bytes })
      return { root: image.root, digest, size: bytes.length, mediaType, content }
    }
    throw new RegistryError('blob-unknown', 'this name has no blob with this digest', { detail: { digest } })
  }

  /**
   * @throws RegistryError `pending` at first, while its archive is unpacked again for longer than the hold;
   * `unavailable` in mid-stream when the store changed: cut the connection then.
   */
  async *read({ root, content, digest }: Blob, range: ByteRange): AsyncGenerator<Uint8Array> {
    const unpin = this.#roots.pin(root)
    try {
      const { content: found, release } = await this.#heldBack(content(), root, ({ release }) => release())
      try {
        yield* this.#options.verify
          ? this.#streams.readVerified(found, range, digest)
          : this.#streams.read(found, range)
      } finally {
        release()
      }
    } finally {
      unpin()
    }
  }

  /** Sorted. @throws RegistryError `name-unknown`, `unavailable`; `pending` while an archive is unpacked for them. */
  tags(reference: Reference): Promise<readonly string[]> {
    const tags = tagsOf(this.#options.nix, reference, (path) => imageTags(this.#options, path))
    return this.#heldBack(tags, referenceBase(reference))
  }

  /**
   * The image that a tag names, fetched, built and hashed if need be.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold, and goes on.
   */
  async image(reference: Reference, tag: string): Promise<Image> {
    const name = referenceBase(reference)
    const known = this.#images.get(name)?.get(tag)
    if (known !== undefined && isAsMade(known)) return this.#use(known.image)
    const making = this.#making.run(`${name}:${tag}`, () => this.#make(reference, tag))
    return this.#heldBack(making, name)
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

  /**
   * What is worked on, if it is there within the hold.
   * @param forgo for what comes when nobody waits for it any more.
   * @throws RegistryError `pending`.
   */
  async #heldBack<T>(work: Promise<T>, path: string, forgo?: (late: T) => void): Promise<T> {
    this.#held += 1
    const done = await within(work, this.#options.holdMs).finally(() => (this.#held -= 1))
    if (done !== undefined) return done.value
    work.then(forgo, () => undefined)
    throw new RegistryError('pending', 'still being built or fetched: ask again', {
      detail: { path, retryAfterSeconds: RETRY_AFTER_S },
    })
  }

  /** An image that is remembered is wanted again. */
  #use(image: Image): Image {
    this.#roots.keep(image.root)
    this.#options.onLookup?.('remembered')
    return image
  }

  async #make(reference: Reference, tag: string): Promise<Image> {
    const steps: Partial<Record<Step | 'realise', number>> = {}
    const start = performance.now()
    const root = await makeValid(this.#parts, reference, tag)
    this.#roots.keep(root)
    steps.realise = performance.now() - start
    const stamp = stampOf(root) ?? ''
    const image = await makeImage(
      this.#options,
      root,
      tagInside(reference, root, tag),
      (step, ms) => (steps[step] = ms),
    )
    this.#options.index.putManifest(root, image.manifest)
    const name = referenceBase(reference)
    this.#images.set(name, new Map([...(this.#images.get(name) ?? []), [tag, { image, stamp }]]))
    this.#options.onImage?.(image, steps)
    this.#options.onLookup?.('made')
    return image
  }

  /**
   * The image of this name that `matches`. A derivation has an image for each output, and requests by digest don't say
   * which: those at hand are tried first, then the default one, then the other outputs that are valid.
   */
  async #imageWith(reference: Reference, matches: (image: Image) => boolean): Promise<Image | undefined> {
    for (const known of this.#images.get(referenceBase(reference))?.values() ?? []) {
      if (matches(known.image) && isAsMade(known)) return this.#use(known.image)
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
}

function hasBlob(image: Image, digest: Digest): boolean {
  return image.layerByDigest.has(digest) || image.config.digest === digest || image.manifest.digest === digest
}
