/** Images and indexes that were made, by name, tag and form, for as long as their root in the store is what it was. */
import { lstatSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
import { fileOf, type StoreDirectory } from '../../core/nix/store-directory.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import { nameInForm, type ImageForm } from './image-form.ts'
import type { Artifact } from './image-index.ts'

/**
 * An artifact, the state of its root when it was made (see `stampOf`), and the time until which a tag may give it.
 */
type Known = { readonly artifact: Artifact; readonly stamp: string; readonly until: number }

/** Bytes of all images together: 1 000 packages in three forms each take 15 MB. Others are made again from notes. */
const MAX_BYTES = 32 * 1024 * 1024
/** Measured, without the documents. The entries of layers are counted apart (layer-frames.ts). */
const IMAGE_BYTES = 2 * 1024
const LAYER_BYTES = 1024
/** The time after which missing platforms of an index are tried again. A failed build is remembered for as long. */
const PARTIAL_KEPT_MS = 60_000

export class KnownImages {
  readonly #directory: StoreDirectory
  readonly #byName = new LRUCache<string, Map<string, Known>>({
    maxSize: MAX_BYTES,
    sizeCalculation: (byTag) => byTag.values().reduce((sum, { artifact }) => sum + sizeOf(artifact), 0),
  })

  /** @param directory the files of the store. */
  constructor(directory: StoreDirectory) {
    this.#directory = directory
  }

  get size(): number {
    return this.#byName.size
  }

  get(name: string, tag: string, form: ImageForm): Artifact | undefined {
    const known = this.#byName.get(name)?.get(nameInForm(tag, form))
    return known !== undefined && this.#isAsMade(known) && Date.now() < known.until
      ? known.artifact
      : undefined
  }

  /** Returns all images of a name, whatever their tags and forms. */
  allOf(name: string): readonly Artifact[] {
    return [...(this.#byName.get(name)?.values() ?? [])]
      .filter((known) => this.#isAsMade(known))
      .map(({ artifact }) => artifact)
  }

  /** Returns all images, the one that was asked for last first. */
  all(): readonly Artifact[] {
    return [...this.#byName.values()]
      .flatMap((byTag) => [...byTag.values()])
      .filter((known) => this.#isAsMade(known))
      .map(({ artifact }) => artifact)
  }

  /** @param stamp of the root, taken before it was looked into. */
  put(name: string, tag: string, form: ImageForm, { artifact, stamp }: Omit<Known, 'until'>): void {
    const isPartial = artifact.kind === 'index' && artifact.missing.length > 0
    const until = isPartial ? Date.now() + PARTIAL_KEPT_MS : Number.POSITIVE_INFINITY
    const made = [nameInForm(tag, form), { artifact, stamp, until }] as const
    this.#byName.set(name, new Map([...(this.#byName.get(name) ?? []), made]))
  }

  forget(name: string): void {
    this.#byName.delete(name)
  }

  #isAsMade({ artifact, stamp }: Known): boolean {
    return stampOf(this.#directory, artifact.root) === stamp
  }
}

/** About the bytes of memory that it takes. */
function sizeOf(artifact: Artifact): number {
  if (artifact.kind === 'image') {
    const { manifest, config, layers } = artifact
    return IMAGE_BYTES + manifest.bytes.length + config.bytes.length + layers.length * LAYER_BYTES
  }
  const { documents, images } = artifact
  // As if all its images were made: each stays with the index from then on.
  return (
    IMAGE_BYTES +
    documents.reduce((sum, { bytes }) => sum + bytes.length, 0) +
    images.reduce((sum, { blobs }) => sum + IMAGE_BYTES + blobs.size * LAYER_BYTES, 0)
  )
}

/**
 * Says whether a path is still the one that an image was made of: a path that was collected and made again is another
 * file, and its contents may differ. Its closure needs no look: Nix removes a path only after all that refers to it.
 * @returns nothing where there is none.
 */
export function stampOf(directory: StoreDirectory, root: StorePath): string | undefined {
  const stat = lstatSync(fileOf(directory, root), { throwIfNoEntry: false })
  return stat === undefined ? undefined : `${stat.ino} ${stat.ctimeMs}`
}
