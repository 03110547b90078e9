/**
 * From a reference, a tag and a form to the image or index: remembered, or made once however many ask, for as long as it
 * takes.
 */
import type { Digest } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { referenceBase, type Reference } from '../../core/oci/reference.ts'
import { storeHashOf, storeNameOf } from '../../core/nix/store-path.ts'
import type { NamedImage } from '../../source/source.ts'
import { DEFAULT_FORM, isZeroCopy, nameInForm, type ImageForm } from './image-form.ts'
import type { Artifact } from './image-index.ts'
import type { ImageDeps, Step } from './image.ts'
import { ImageNotes, type NotedName } from './image-notes.ts'
import { KnownImages, stampOf } from './known-images.ts'
import type * as Maker from './make-artifact.ts'
import { makeValid, type ValidityParts } from './make-valid.ts'
import { tagInside } from './resolve.ts'
import { traced } from '../../tracing/traced.ts'
import { SingleFlight } from '../work/single-flight.ts'
import { DEFAULT_TAG } from '../../core/oci/image-name.ts'

/** Milliseconds of each step that was taken. */
export type Steps = Readonly<Partial<Record<Step | 'realise', number>>>

/** Whether an image was remembered, perhaps since before a restart, or had to be made (again). */
export type Lookup = 'remembered' | 'made'

export type ImagesOptions = ImageDeps & {
  /** Whether an index may lack platforms that can't be had here: see platform-index.ts. */
  readonly partialIndex: boolean
  /** @throws RegistryError `denied` for an image that isn't signed. Default: none needs to be. */
  readonly demandSigned?: (artifact: Artifact) => void
  readonly onLookup?: (result: Lookup) => void
  /** @param before the digest that the index of this tag had before, where it is another one now. */
  readonly onImage?: (artifact: Artifact, steps: Steps, before?: Digest) => void
}

/** Names of a circle that its refusal shows. */
const NAMES_SHOWN = 4

/**
 * Loads the code that makes images. It comes with every kind of image that there is, and many processes make none: they
 * end before, or all of their images are remembered.
 */
export async function loadMaker(): Promise<typeof Maker> {
  return import('./make-artifact.ts')
}

export class Images {
  readonly #parts: ValidityParts
  readonly #options: ImagesOptions
  readonly #known: KnownImages
  readonly #notes: ImageNotes
  readonly #making = new SingleFlight<Artifact>(refuseCircle)

  constructor(parts: ValidityParts, options: ImagesOptions) {
    this.#parts = parts
    this.#options = options
    this.#known = new KnownImages(parts.store.directory)
    this.#notes = new ImageNotes(options.index, options)
  }

  /** Names of which something is remembered. */
  get size(): number {
    return this.#known.size
  }

  /**
   * Returns the image that is remembered for a tag, and keeps it in the store as one that was just pulled.
   * @param isWanted refuses one that is no answer. Default: none is refused.
   */
  recall(
    reference: Reference,
    tag: string,
    form: ImageForm,
    isWanted: (known: Artifact) => boolean = () => true,
  ): Artifact | undefined {
    const known = this.#known.get(referenceBase(reference), tag, form)
    return known === undefined || !isWanted(known) ? undefined : this.markPulled(known)
  }

  /** Returns all that is remembered of a name. Call `markPulled` with the one that is taken. */
  allOf(reference: Reference): readonly Artifact[] {
    return this.#known.allOf(referenceBase(reference))
  }

  /** Returns all that is remembered, the one that was asked for last first. */
  all(): readonly Artifact[] {
    return this.#known.all()
  }

  /** Remembered, or made. @throws RegistryError of any kind. */
  async find(reference: Reference, tag: string, form: ImageForm): Promise<Artifact> {
    const known = this.recall(reference, tag, form)
    if (known !== undefined) return known
    const name = nameInForm(`${referenceBase(reference)}:${tag}`, form)
    return this.#making.run(name, () => this.#make(reference, tag, form))
  }

  /** Keeps an image in the store for as long as one that was just pulled. */
  markPulled(artifact: Artifact): Artifact {
    this.#parts.roots.keep(artifact.root)
    this.#options.onLookup?.('remembered')
    return artifact
  }

  async #make(reference: Reference, tag: string, form: ImageForm): Promise<Artifact> {
    const steps: Partial<Record<Step | 'realise', number>> = {}
    const start = performance.now()
    const root = await traced('resolve', { 'pushless.image': referenceBase(reference) }, async () =>
      makeValid(this.#parts, reference, tag),
    )
    this.#parts.roots.keep(root)
    steps.realise = performance.now() - start
    const stamp = stampOf(this.#parts.store.directory, root) ?? ''
    const { onImage, onLookup } = this.#options
    const noted = { root, tag: tagInside(reference, root, tag), form, stamp }
    const known = this.#notes.get(noted)
    const artifact = known ?? (await this.#makeArtifact(reference, noted, steps))
    await this.#demandSigned(reference, tag, form, artifact)
    if (known === undefined) this.#remember(noted, artifact)
    this.#known.put(referenceBase(reference), tag, form, { artifact, stamp })
    const before =
      artifact.kind === 'index' ? this.#digestBefore(nameInForm(`${root}:${tag}`, form), artifact) : undefined
    onImage?.(artifact, steps, before)
    onLookup?.(known === undefined ? 'made' : 'remembered')
    return artifact
  }

  /** @param steps gets the milliseconds of each step. */
  async #makeArtifact(
    reference: Reference,
    { root, tag, form }: NotedName,
    steps: Partial<Record<Step, number>>,
  ): Promise<Artifact> {
    const { index, onImage } = this.#options
    const { makeArtifact } = await loadMaker()
    return makeArtifact(
      {
        ...this.#options,
        form,
        make: (image) => this.find(...nameOf(image), form),
        isThere: (image) => this.#isThere(image),
        onChanged: () => this.#known.forget(referenceBase(reference)),
        onLaterImage: (image) => {
          index.putManifest(root, image.manifest)
          onImage?.(image, {})
        },
      },
      root,
      tag,
      (step, ms) => (steps[step] = ms),
    )
  }

  #remember(name: NotedName, artifact: Artifact): void {
    const { index } = this.#options
    index.together(() => {
      index.putManifest(name.root, artifact.manifest)
      if (artifact.kind === 'image') this.#notes.put(name, artifact)
    })
  }

  /** People sign the manifest that every registry serves, and not one that is made for this machine alone. */
  async #demandSigned(reference: Reference, tag: string, form: ImageForm, artifact: Artifact): Promise<void> {
    const { demandSigned } = this.#options
    if (demandSigned === undefined) return
    const isOrdinary = artifact.kind === 'image' && !isZeroCopy(artifact.form)
    const isOfMachine = isZeroCopy(form) && !isOrdinary
    demandSigned(isOfMachine ? await this.find(reference, tag, DEFAULT_FORM) : artifact)
  }

  /** The digest that it had when it was last made, if that was another one. */
  #digestBefore(name: string, { manifest: { digest } }: Artifact): Digest | undefined {
    const { index } = this.#options
    const before = index.latest(name)
    if (before === digest) return undefined
    index.putLatest(name, digest)
    return before
  }

  /** Whether an image of an index is valid already. */
  async #isThere(image: NamedImage): Promise<boolean> {
    const { store } = this.#options
    if (image.kind === 'path') return store.isValid(image.path)
    if (!(await store.isValid(image.derivation))) return false
    const path = (await store.derivation(image.derivation)).outputs.get(image.output)
    return path !== undefined && store.isValid(path)
  }
}

/** Lists of platforms that name each other: Nix sees no reference where a path is written with escapes. */
function refuseCircle(keys: readonly string[]): RegistryError {
  const names = `${keys.slice(0, NAMES_SHOWN).join(', ')}${keys.length > NAMES_SHOWN ? ' and others' : ''}`
  return new RegistryError('unservable', `images that have each other in their lists of platforms: ${names}`)
}

/** Returns the reference and tag by which clients pull an image of an index. */
function nameOf(image: NamedImage): [reference: Reference, tag: string] {
  const path = image.kind === 'path' ? image.path : image.derivation
  const reference = { storeHash: storeHashOf(path), slug: storeNameOf(path) }
  return [reference, image.kind === 'path' ? DEFAULT_TAG : image.output]
}
