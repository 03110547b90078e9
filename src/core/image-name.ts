/** Images as people and manifests name them: host, store path, and what was chosen of it. Registries see only parts. */
import { RegistryError } from './errors.ts'
import { DEFAULT_HOST, parseReference, referenceBase, type Reference } from './reference.ts'
import { parseSelector, type Selector } from './route.ts'
import { STORE_DIR } from './store-path.ts'

export type ImageName = {
  /** Whole and in one form, `nix.internal/nix/store/<hash>-<name>:nix`: equal names are the same question. */
  readonly name: string
  readonly reference: Reference
  readonly selector: Selector
}

/** Host, hash with slug, tag, digest; of which only the hash must be there. */
const NAME =
  /^(?:[a-z]+:\/\/)?(?:(.*?)\/+)??(?:nix\/store\/)?([0-9a-z]{32}(?:-[^:@/]*)?)(?::([^/@:]+))?(?:@([^/@]+))?$/
const DEFAULT_TAG = 'latest'

/**
 * The image that `text` names: as a whole name, or without host, `nix/store/`, slug or tag.
 * @throws RegistryError `name-invalid`, `name-unknown`, `manifest-unknown` or `digest-invalid` by the part that is wrong.
 */
export function parseImageName(text: string): ImageName {
  const [, host = '', base, tag = DEFAULT_TAG, digest] = NAME.exec(text) ?? []
  if (base === undefined) {
    throw new RegistryError('name-invalid', `not an image: ${text.slice(0, 300)}`, {
      detail: {
        expected: `${DEFAULT_HOST}${STORE_DIR}/<hash>-<name>, ${STORE_DIR}/<hash>-<name> or <hash>`,
      },
    })
  }
  const reference = parseReference(`${STORE_DIR.slice(1)}/${base}`)
  const selector = parseSelector(digest ?? tag)
  const end = selector.kind === 'tag' ? `:${selector.tag}` : `@${selector.digest}`
  return {
    name: `${host || DEFAULT_HOST}${STORE_DIR}/${referenceBase(reference)}${end}`,
    reference,
    selector,
  }
}
