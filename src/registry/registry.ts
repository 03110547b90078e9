/**
 * The use cases of a pull: which image a reference names, which blob of it a digest names, and its bytes. Images are
 * remembered while their root is in the store; everything else is asked anew.
 */
import { lstatSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
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
import { imageTags, makeImage, type Image, type ImageMaker, type Step } from './image.ts'
import { makeValid, type ValidityParts } from './make-valid.ts'
import { Realiser, type WorkLimits, type WorkListener } from './realise.ts'
import { DEFAULT_TAGS, resolve, tagInside, tagsOf } from './resolve.ts'
import { LayerFrames } from './layer-frames.ts'
import { SingleFlight, within } from './single-flight.ts'
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

/** An image, and what its root was when it was made (see `stampOf`). */
type Known = { readonly image: Image; readonly stamp: string }

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
    this.#frames = new LayerFrames(options.reader)
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
      const content = async (): Promise<BlobContent> => ({ kind: 'bytes', bytes })
      return { root: image.root, digest, size: bytes.length, mediaType, content }
    }
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
   * The image that a tag names, fetched, built and hashed if need be.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold, and goes on.
   */
  async image(reference: Reference, tag: string): Promise<Image> {
    const name = referenceBase(reference)
    const known = this.#images.get(name)?.get(tag)
    if (known !== undefined && isAsMade(known)) return this.#use(known.image)
    const making = this.#making.run(`${name}:${tag}`, () => this.#make(reference, tag))
    this.#held += 1
    const made = await within(making, this.#options.holdMs).finally(() => (this.#held -= 1))
    if (made !== undefined) return made.value
    throw new RegistryError('pending', 'still being built or fetched: ask again', {
      detail: { path: name, retryAfterSeconds: RETRY_AFTER_S },
    })
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

  /** Keeps an image in the store for as long as somebody works with it. @returns what ends that. */
  pin({ root }: Pick<Image, 'root'>): () => void {
    return this.#roots.pin(root)
  }

  figures(): RegistryFigures {
    const { temporary, durable } = this.#roots.count()
    return { held: this.#held, images: this.#images.size, temporaryRoots: temporary, durableRoots: durable }
  }

  close(): void {
    this.#roots.close()
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

function isAsMade({ image, stamp }: Known): boolean {
  return stampOf(image.root) === stamp
}

/**
 * Says whether a path is still the one that an image was made of: a path that was collected and made again is another
 * file, and its contents may differ. Its closure needs no look: Nix removes a path only after all that refers to it.
 */
function stampOf(root: StorePath): string | undefined {
  const stat = lstatSync(root, { throwIfNoEntry: false })
  return stat === undefined ? undefined : `${stat.ino} ${stat.ctimeMs}`
}
