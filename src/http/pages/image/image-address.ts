/** Addresses of an image's pages and documents, and the names that people type for images. */
import { DEFAULT_TAG, parseImageName } from '../../../core/oci/image-name.ts'
import { referenceBase, type Reference } from '../../../core/oci/reference.ts'
import { parseSelector, type Selector } from '../../../core/oci/route.ts'
import { storeHashOf, type StorePath } from '../../../core/nix/store-path.ts'
import { RegistryError } from '../../../core/errors/errors.ts'

export type ImageAddress = { readonly reference: Reference; readonly tag: string }

/**
 * Reads `<hash>`, `<hash>-<name>`, a store path, or a whole image name as it stands in a manifest.
 * @param tag counts instead of the one in the text.
 * @throws RegistryError `name-invalid`, `name-unknown`, `manifest-unknown`, `digest-invalid`.
 */
export function parseImageAddress(text: string, tag?: string | null): ImageAddress {
  const { reference, selector } = parseImageName(text.trim())
  return { reference, tag: tagIn(tag === undefined || tag === null ? selector : parseSelector(tag)) }
}

function tagIn(selector: Selector): string {
  if (selector.kind === 'tag') return selector.tag
  throw new RegistryError('manifest-unknown', 'an image is shown by its tag, not by a digest')
}

type Target = {
  /** A document below the page. */
  readonly document?: string
  readonly query?: Query
}

type Query = Readonly<Record<string, string | number | undefined>>

/** The address of the page of an image. */
export function imageUrl({ reference, tag }: ImageAddress, { document, query = {} }: Target = {}): string {
  const end = document === undefined ? '' : `/${document}`
  return `/images/${encodeURIComponent(referenceBase(reference))}${end}${queryText(tag, query)}`
}

/** The address of a component's page, relative to that of its image: hundreds of links are shorter so. */
export function componentUrl({ tag }: ImageAddress, path: StorePath): string {
  return queryText(tag, { component: storeHashOf(path) })
}

function queryText(tag: string, query: Query): string {
  const search = new URLSearchParams()
  const all: Query = { tag: tag === DEFAULT_TAG ? undefined : tag, ...query }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) search.set(name, String(value))
  return search.size === 0 ? '' : `?${search.toString()}`
}
