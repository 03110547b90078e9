/**
 * The use cases of a pull: which image a reference names, which blob of it a digest names, and its bytes. Images are
 * remembered while their root is in the store; everything else is asked anew.
 */
import type { Digest } from '../core/oci/digest.ts'
import { RegistryError } from '../core/errors/errors.ts'
import type { Document, Platform } from '../core/oci/image.ts'
import type { Policy } from '../core/policy.ts'
import type { ByteRange } from '../core/oci/range.ts'
import type { Reference } from '../core/oci/reference.ts'
import type { Selector } from '../core/oci/route.ts'
import { storeHashOf, storeNameOf, type StorePath } from '../core/nix/store-path.ts'
import { BlobStreams } from '../layer/stream.ts'
import {
  DEFAULT_FORM,
  EROFS_TAG,
  ZERO_COPY_FORMS,
  firstInForms,
  wantedBy,
  zeroCopyForm,
  type ImageForm,
} from './artifact/image-form.ts'
import type { Image } from './artifact/image.ts'
import {
  artifactIn,
  demandForm,
  documentIn,
  imageWithBlob,
  manifestIn,
  onlyImage,
  type Artifact,
} from './artifact/image-index.ts'
import { listKnownImages, type KnownImage } from './known-image.ts'
import { Images, loadMaker, type ImagesOptions } from './artifact/images.ts'
import { Realiser, type WorkLimits } from './work/realise.ts'
import type { WorkListener } from './work/work-event.ts'
import { DEFAULT_TAGS, resolve, tagsOf } from './artifact/resolve.ts'
import { LayerFrames, unheld, type HeldContent } from './artifact/layer-frames.ts'
import { admit } from '../store/admit.ts'
import { Hold } from './work/hold.ts'
import { checkPull, type PullCheck } from './check-pull.ts'
import { standingOf, type Standing } from './standing.ts'
import { nixSystemOf } from '../core/oci/nix-system.ts'
import { Roots, type RootsOptions } from './state/roots.ts'
import type { WorkJournal } from './work/work-journal.ts'
import { DEFAULT_TAG } from '../core/oci/image-name.ts'

export type Blob = {
  readonly digest: Digest
  readonly size: number
  readonly mediaType: string
  /**
   * Streams a range. Walks the store, or unpacks, for a layer that wasn't streamed for a while.
   * @throws RegistryError `pending` at first, while its archive is unpacked again for longer than the hold;
   * `unavailable` in mid-stream when the store changed: cut the connection then.
   */
  readonly read: (range: ByteRange) => AsyncGenerator<Uint8Array>
}

/** The manifest that a client takes for a tag. */
export type ManifestWanted = {
  /** False for a client that gets the image for linux/amd64 instead. Default: true. */
  readonly takesIndex?: boolean
  /** The form that the client prefers. Default: `tar`. */
  readonly form?: ImageForm | undefined
}

/** A blob, the image that it belongs to, and its content. */
type FoundBlob = Omit<Blob, 'read'> & {
  readonly root: StorePath
  readonly content: () => Promise<HeldContent>
}

export type RegistryOptions = ImagesOptions & {
  /** Whether tags answer with zero-copy forms, where an image can have one. Default: no. */
  readonly isZeroCopy?: boolean
  readonly roots: RootsOptions
  /** Decides what may be fetched and built. */
  readonly policy: Policy
  /** Milliseconds that a request may wait for work that goes on without it. */
  readonly holdMs: number
  readonly limits: WorkLimits
  readonly journal: WorkJournal
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

export class Registry {
  readonly #options: RegistryOptions
  readonly roots: Roots
  readonly #streams: BlobStreams
  readonly #images: Images
  readonly #frames: LayerFrames
  readonly #hold: Hold

  constructor(options: RegistryOptions) {
    this.#options = options
    const { store, policy, limits, journal, onWork = () => undefined } = options
    this.roots = new Roots(store, options.roots)
    const realiser = new Realiser(store, limits, journal, onWork)
    this.#images = new Images({ store, policy, roots: this.roots, realiser }, options)
    this.#frames = new LayerFrames(options.reader, options.archives.cache, options.frames)
    this.#hold = new Hold(options.holdMs, options.journal)
    this.#streams = new BlobStreams(options.reader)
  }

  /**
   * The manifest or index that a tag or digest names, made if need be.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold.
   */
  async manifest(
    reference: Reference,
    selector: Selector,
    { takesIndex = true, form: preferred }: ManifestWanted = {},
  ): Promise<Document> {
    // A reader thread starts while the store is asked.
    this.#options.reader.prepare()
    const form = this.#servedForm(preferred)
    if (selector.kind === 'tag') {
      const { tag } = selector
      const artifact = (await this.#inForm(reference, tag, form)) ?? (await this.artifact(reference, tag))
      return takesIndex ? artifact.manifest : (await this.#onlyImage(reference, artifact)).manifest
    }
    const { digest } = selector
    const found = await this.search(reference, (artifact) => manifestIn(artifact, digest), form)
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

  /**
   * The document that `manifest` would return, if its image is remembered and nothing has to be waited for. Keeps the
   * image as a pull does.
   */
  recalledManifest(
    reference: Reference,
    selector: Selector,
    { takesIndex = true, form: preferred }: ManifestWanted = {},
  ): Document | undefined {
    if (selector.kind === 'digest') return this.#recalledByDigest(reference, selector.digest)
    const { tag, form, isDemanded } = wantedBy(selector.tag, this.#servedForm(preferred))
    if (isDemanded) return undefined
    const known = this.#images.recall(reference, tag, form, (one) => takesIndex || one.kind === 'image')
    return known?.manifest
  }

  #recalledByDigest(reference: Reference, digest: Digest): Document | undefined {
    for (const known of this.#images.allOf(reference)) {
      // One of its images may have to be made.
      if (known.kind === 'index' && known.manifest.digest !== digest) return undefined
      if (known.manifest.digest === digest) return this.#images.markPulled(known).manifest
    }
    return undefined
  }

  /**
   * @param form that the client prefers, in which the digest is looked for first.
   * @throws RegistryError of any kind; `blob-unknown` for a digest that isn't this image's.
   */
  async blob(reference: Reference, digest: Digest, form?: ImageForm): Promise<Blob> {
    // A reader thread starts while the store is asked.
    this.#options.reader.prepare()
    const found = await this.search(
      reference,
      (artifact) => this.#blobIn(artifact, digest),
      this.#servedForm(form),
    )
    if (found !== undefined) {
      const { size, mediaType } = found
      return { digest, size, mediaType, read: (range) => this.#read(found, range) }
    }
    throw new RegistryError('blob-unknown', 'this name has no blob with this digest', { detail: { digest } })
  }

  async *#read({ root, content, digest }: FoundBlob, range: ByteRange): AsyncGenerator<Uint8Array> {
    const unpin = this.roots.pin(root)
    try {
      const { content: found, release } = await this.#hold.wait(
        content(),
        { storeHash: storeHashOf(root), slug: storeNameOf(root) },
        (late) => late.release(),
      )
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

  /**
   * The tags of a name, sorted.
   * @throws RegistryError `name-unknown`, `denied` for what may not be pulled, `unavailable`, `pending` while caches
   * are asked.
   */
  tags(reference: Reference): Promise<readonly string[]> {
    return this.#hold.wait(this.#tags(reference), reference)
  }

  async #tags(reference: Reference): Promise<readonly string[]> {
    const { store, policy } = this.#options
    const resolved = await resolve(store, reference, DEFAULT_TAG)
    if (resolved.kind === 'to-do') await admit(store, policy, resolved.work)
    const own =
      resolved.kind === 'valid' ? await (await loadMaker()).imageTags(this.#options, resolved.path) : []
    return tagsOf(store, reference, own)
  }

  /**
   * Checks what a pull would find.
   * @throws RegistryError `lookup-failed`, `unavailable`, `pending` where nobody knows yet.
   */
  checkPull(reference: Reference, selector: Selector): Promise<PullCheck> {
    const parts = {
      ...this.#options,
      demandImage: async (path: StorePath, tag: string | undefined, form: ImageForm | undefined) =>
        (await loadMaker()).demandImage(this.#options, path, tag, form),
    }
    return this.#hold.wait(checkPull(parts, reference, selector), reference)
  }

  /** Returns the state of an image: in the store, or the work that would make it. Nothing is made. @throws RegistryError as a pull. */
  standing(reference: Reference, tag: string): Promise<Standing> {
    return this.#hold.wait(standingOf(this.#options.store, reference, wantedBy(tag).tag), reference)
  }

  /** Whether the image of a tag is remembered, so that its pull takes no work. */
  recalls(reference: Reference, requestedTag: string): boolean {
    const { tag, form } = wantedBy(requestedTag, this.#servedForm())
    return this.#images.recall(reference, tag, form) !== undefined
  }

  /** The systems that an image is for, in Nix's words. @throws RegistryError of any kind. */
  async systemsOf(reference: Reference, tag: string): Promise<readonly string[]> {
    const artifact = await this.artifact(reference, tag)
    const images = artifact.kind === 'index' ? artifact.images : [artifact]
    return [...new Set(images.map(({ platform }) => nixSystemOf(platform ?? {})))]
  }

  /**
   * The image that a tag names.
   * @param options `platform` chooses one of an index. Default: linux/amd64.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold, and goes on.
   */
  async image(reference: Reference, tag: string, platform?: Platform): Promise<Image> {
    return this.#onlyImage(reference, await this.artifact(reference, tag), platform)
  }

  async #onlyImage(reference: Reference, artifact: Artifact, platform?: Platform): Promise<Image> {
    return artifact.kind === 'index' ? this.#hold.wait(onlyImage(artifact, platform), reference) : artifact
  }

  /**
   * The image or index that a tag names, fetched, built and hashed if need be.
   * @param requestedForm an image that can't be had in it comes in the default form. The tag `erofs` demands its form.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold, and goes on.
   */
  async artifact(
    reference: Reference,
    requestedTag: string,
    requestedForm: ImageForm = DEFAULT_FORM,
  ): Promise<Artifact> {
    const { tag, form, isDemanded } = wantedBy(requestedTag, requestedForm)
    const known = this.#images.recall(reference, tag, form)
    const found = known ?? (await this.#hold.wait(this.#images.find(reference, tag, form), reference))
    if (isDemanded) demandForm(found, form)
    return found
  }

  /** As `artifact`; nothing where the form isn't signed, and isn't the default one. */
  async #inForm(reference: Reference, tag: string, form: ImageForm): Promise<Artifact | undefined> {
    return this.artifact(reference, tag, form).catch((error: unknown) => {
      if (form !== DEFAULT_FORM && error instanceof RegistryError && error.kind === 'denied') return undefined
      throw error
    })
  }

  /**
   * The image or index with this digest, made if need be; `undefined` where the name has none.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold, and goes on.
   */
  artifactByDigest(reference: Reference, digest: Digest): Promise<Artifact | undefined> {
    return this.search(reference, (artifact) => artifactIn(artifact, digest))
  }

  /** Waits for work about a name, as long as requests may. @throws RegistryError `pending`, and those of the work. */
  held<T>(work: Promise<T>, reference: Reference): Promise<T> {
    return this.#hold.wait(work, reference)
  }

  /** Lists the images that this process made, and those that are kept since they were pulled. The last pulled is first. */
  async knownImages(): Promise<readonly KnownImage[]> {
    return listKnownImages(this.#images.all(), await this.roots.kept())
  }

  /** Connects to Nix, so that the first pull needn't. @returns Nix's version. @throws RegistryError `unavailable`. */
  async warmUp(): Promise<string> {
    const [version] = await Promise.all([this.#options.store.connect(), this.roots.open()])
    return version
  }

  /** Gets ready for images that nobody asked for yet: loads the code that makes them, and starts a reader thread. */
  async prepare(): Promise<void> {
    this.#options.reader.prepare()
    await loadMaker()
  }

  /** A question that Nix always has an answer to. @throws RegistryError `unavailable`. */
  async askNix(): Promise<void> {
    await this.#options.store.ping()
  }

  /** Keeps an image in the store for as long as somebody works with it. @returns what ends that. */
  pin({ root }: Pick<Image, 'root'>): () => void {
    return this.roots.pin(root)
  }

  /** The form of a tag's answer to a client that prefers this one. */
  #servedForm(preferred: ImageForm = DEFAULT_FORM): ImageForm {
    return this.#options.isZeroCopy === true ? zeroCopyForm(preferred) : preferred
  }

  figures(): RegistryFigures {
    const { temporary, durable } = this.roots.count()
    return {
      held: this.#hold.waiting,
      images: this.#images.size,
      temporaryRoots: temporary,
      durableRoots: durable,
    }
  }

  close(): void {
    this.roots.close()
  }

  /**
   * Looks into the images of a name, and returns what the first of them has. A path may have several images (the
   * outputs of a derivation, the tags of a layout), and a request by digest doesn't say which. Remembered ones come
   * first, then the default one in each form, then the others; of a derivation only the outputs that are valid.
   * @param first the form that is looked into first.
   */
  async search<T>(
    reference: Reference,
    look: (artifact: Artifact) => Promise<T | undefined>,
    first: ImageForm = this.#servedForm(),
  ): Promise<T | undefined> {
    // What an index names may have to be made.
    const lookInto = (artifact: Artifact) =>
      artifact.kind === 'index' ? this.#hold.wait(look(artifact), reference) : look(artifact)
    for (const known of this.#images.allOf(reference)) {
      const found = await lookInto(known)
      if (found === undefined) continue
      this.#images.markPulled(known)
      return found
    }
    const own = this.#options.isZeroCopy === true ? ZERO_COPY_FORMS : []
    const lookInForms = (tag: string) =>
      firstInForms([first, ...own], async (form) => lookInto(await this.artifact(reference, tag, form)))
    const found = await lookInForms(DEFAULT_TAG)
    if (found !== undefined) return found
    for (const tag of await this.tags(reference)) {
      if (DEFAULT_TAGS.includes(tag) || tag === EROFS_TAG) continue
      const { kind } = await resolve(this.#options.store, reference, tag)
      const other = kind === 'valid' ? await lookInForms(tag) : undefined
      if (other !== undefined) return other
    }
    return undefined
  }

  async #blobIn(artifact: Artifact, digest: Digest): Promise<FoundBlob | undefined> {
    const image = await imageWithBlob(artifact, digest)
    const layer = image?.layerByDigest.get(digest)
    if (image !== undefined && layer !== undefined) {
      const content = () => this.#frames.content(layer)
      return { root: image.root, digest, size: layer.size, mediaType: layer.mediaType, content }
    }
    const own = artifact.kind === 'index' ? documentIn(artifact, digest) : undefined
    const document = [own, image?.config, image?.manifest].find((candidate) => candidate?.digest === digest)
    if (document === undefined) return undefined
    const { bytes, mediaType } = document
    const content = async () => unheld({ kind: 'bytes', bytes })
    return { root: (image ?? artifact).root, digest, size: bytes.length, mediaType, content }
  }
}
