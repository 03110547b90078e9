/** Images as people and manifests name them: host, store path, and what was chosen of it. Registries see only parts. */
import { RegistryError } from '../errors/errors.ts'
import { DEFAULT_HOST, parseReference, referenceBase, type Reference } from './reference.ts'
import { parseSelector, type Selector } from './route.ts'
import { STORE_DIR } from '../nix/store-path.ts'

export type ImageName = {
  /** Whole and in one form, `nix.internal/nix/store/<hash>-<name>:nix`: equal names are the same question. */
  readonly name: string
  readonly reference: Reference
  readonly selector: Selector
}

type Parts = {
  readonly host: string
  /** Hash with slug. */
  readonly base: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/** A host name of 253 characters with its port, a name of 255, a tag of 128 and a digest of sha512 are fewer. */
export const MAX_IMAGE_NAME_LENGTH = 1024
/** The tag that clients ask for where a name has none. */
export const DEFAULT_TAG = 'latest'
const SCHEME = /^[a-z]+:\/\//
const STORE_PART = '/nix/store'
/** Matched at the start of the last part only; each class excludes what follows it, so it is linear. */
const LAST_PART = /^([0-9a-z]{32}(?:-[^:@/]*)?)(?::([^/@:]+))?(?:@([^/@]+))?$/

/**
 * The image that `text` names: as a whole name, or without host, `nix/store/`, slug or tag.
 * @throws RegistryError `name-invalid`, `name-unknown`, `manifest-unknown` or `digest-invalid` by the part that is
 * wrong.
 */
export function parseImageName(text: string): ImageName {
  const parts = text.length > MAX_IMAGE_NAME_LENGTH ? undefined : partsOf(text)
  if (parts === undefined) {
    throw new RegistryError('name-invalid', `not an image: ${text.slice(0, 300)}`, {
      detail: {
        expected: `${DEFAULT_HOST}${STORE_DIR}/<hash>-<name>, ${STORE_DIR}/<hash>-<name> or <hash>`,
      },
    })
  }
  const { host, base, tag = DEFAULT_TAG, digest } = parts
  const reference = parseReference(`${STORE_DIR.slice(1)}/${base}`)
  const selector = parseSelector(digest ?? tag)
  const end = selector.kind === 'tag' ? `:${selector.tag}` : `@${selector.digest}`
  return {
    name: `${host || DEFAULT_HOST}${STORE_DIR}/${referenceBase(reference)}${end}`,
    reference,
    selector,
  }
}

/** Split at the last slash, since only the host's part has others. */
function partsOf(text: string): Parts | undefined {
  if (/\s/.test(text)) return undefined
  const name = text.replace(SCHEME, '')
  const slash = name.lastIndexOf('/')
  const [, base, tag, digest] = LAST_PART.exec(name.slice(slash + 1)) ?? []
  if (base === undefined) return undefined
  const before = trimSlashes(name.slice(0, slash + 1))
  const isInStore = `/${before}`.endsWith(STORE_PART)
  const host = isInStore ? trimSlashes(before.slice(0, -STORE_PART.length + 1)) : before
  return { host, base, tag, digest }
}

/** Without the slashes at its end. */
function trimSlashes(text: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === '/') end -= 1
  return text.slice(0, end)
}
