/**
 * Images that were made before the last restart. Reading what a path is, asking for its closure and planning its
 * layers took four fifths of the time after a restart, even where all digests were known. As in known-images.ts, the
 * stamp of the root says whether the image is still what was made.
 */
import { deserialize, serialize } from 'node:v8'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { DigestIndex } from '../state/digest-index.ts'
import { nameInForm, type ImageForm } from './image-form.ts'
import type { Image, SourceDeps } from './image.ts'

/** Changes where another image is made of the same path, and where the fields of an image change. */
const FORMAT = 2
/** An older V8 can't read what a newer one wrote. */
const WRITER = process.versions.v8
/** Bytes of a note. An image with thousands of entries of its own is made anew. */
const MAX_BYTES = 256 * 1024

/** The name of an image, and the state of its root when it was made. */
export type NotedName = {
  readonly root: StorePath
  /** A tag that the path itself has. */
  readonly tag: string | undefined
  readonly form: ImageForm
  readonly stamp: string
}

type Note = {
  readonly stamp: string
  readonly image: Image
}

export class ImageNotes {
  readonly #index: Pick<DigestIndex, 'note' | 'putNote'>
  readonly #settings: string

  /** @param options the settings that decide whether a path may be served. A note under others doesn't count. */
  constructor(
    index: Pick<DigestIndex, 'note' | 'putNote'>,
    { servePackages, requiredKeys }: Pick<SourceDeps, 'servePackages' | 'requiredKeys'>,
  ) {
    this.#index = index
    this.#settings = JSON.stringify([
      servePackages,
      requiredKeys.map(({ name, key }) => [name, key.export({ format: 'jwk' }).x]),
    ])
  }

  /** @throws RegistryError `unavailable` for a damaged note. */
  get(name: NotedName): Image | undefined {
    const text = this.#index.note(this.#keyOf(name))
    if (text === undefined) return undefined
    const { stamp, image } = deserialize(Buffer.from(text, 'base64')) as Note
    return stamp === name.stamp ? image : undefined
  }

  put(name: NotedName, image: Image): void {
    const bytes = serialize({ stamp: name.stamp, image } satisfies Note)
    if (bytes.length <= MAX_BYTES) this.#index.putNote(this.#keyOf(name), bytes.toString('base64'))
  }

  #keyOf({ root, tag, form }: NotedName): string {
    return JSON.stringify(['image', FORMAT, WRITER, nameInForm(root, form), tag ?? null, this.#settings])
  }
}
