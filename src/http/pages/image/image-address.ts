/** Addresses of an image's pages and documents, and the names that people type for images. */
import { DEFAULT_TAG, parseImageName } from '../../../core/oci/image-name.ts'
import { referenceBase, type Reference } from '../../../core/oci/reference.ts'
import { parseSelector, type Selector } from '../../../core/oci/route.ts'
import { storeHashOf, type StorePath } from '../../../core/nix/store-path.ts'
import { RegistryError } from '../../../core/errors/errors.ts'

export type ImageAddress = {
  readonly reference: Reference
  readonly tag: string
  /** Chooses an image of several: `linux/arm64`. */
  readonly platform?: string
}

/**
 * Reads `<hash>`, `<hash>-<name>`, a store path, or a whole image name as it stands in a manifest.
 * @param query its tag counts instead of the one in the text.
 * @throws RegistryError `name-invalid`, `name-unknown`, `manifest-unknown`, `digest-invalid`.
 */
export function parseImageAddress(text: string, query?: URLSearchParams): ImageAddress {
  const { reference, selector } = parseImageName(text.trim())
  const tag = query?.get('tag') ?? undefined
  const platform = query?.get('platform') ?? undefined
  return {
    reference,
    tag: tagIn(tag === undefined ? selector : parseSelector(tag)),
    ...(platform === undefined ? {} : { platform }),
  }
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
export function imageUrl(address: ImageAddress, { document, query = {} }: Target = {}): string {
  const end = document === undefined ? '' : `/${document}`
  return `/images/${encodeURIComponent(referenceBase(address.reference))}${end}${queryText(address, query)}`
}

/** The address of a component's page, relative to that of its image: hundreds of links are shorter so. */
export function componentUrl(address: ImageAddress, path: StorePath): string {
  return queryText(address, { component: storeHashOf(path) })
}

/** The part of the query that chooses the image. A form has it as fields, since it replaces the query. */
export function chosen({ tag, platform }: ImageAddress): Readonly<Record<string, string>> {
  return {
    ...(tag === DEFAULT_TAG ? {} : { tag }),
    ...(platform === undefined ? {} : { platform }),
  }
}

function queryText(address: ImageAddress, query: Query): string {
  const search = new URLSearchParams(chosen(address))
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  return search.size === 0 ? '' : `?${search.toString()}`
}
