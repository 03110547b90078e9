/**
 * Image names that are store paths: `nix.internal/nix/store/<hash>-<slug>`. The hash decides, the slug is for people.
 * Grammar: OCI distribution-spec "Pulling manifests"; the limit of 255 is its advice and what most clients enforce.
 */
import { RegistryError } from '../errors/errors.ts'
import {
  STORE_DIR,
  isStoreName,
  parseStoreHash,
  storeHashOf,
  storeNameOf,
  type StoreHash,
  type StorePath,
} from '../nix/store-path.ts'

/** A repository name that was parsed: the hash, and the text behind it if the client sent one. */
export type Reference = { readonly storeHash: StoreHash; readonly slug: string | undefined }

export const DEFAULT_HOST = 'nix.internal'
/** Host and path together: distribution/reference up to 0.5 and containers/image refuse longer names. */
const MAX_NAME_LENGTH = 255
/** A cut slug is known again from this length on: a host of up to 110 characters leaves at least that much. */
const MIN_CUT_SLUG_LENGTH = 100
const REPOSITORY_PREFIX = `${STORE_DIR.slice(1)}/`
const OCI_NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/

/**
 * The reference that a repository name is (`nix/store/<hash>-<slug>`, no host, no tag).
 * @throws RegistryError `name-invalid` for what no registry could have, `name-unknown` for other registries' names.
 */
export function parseReference(repository: string): Reference {
  if (repository.length > MAX_NAME_LENGTH) {
    throw new RegistryError(
      'name-invalid',
      `name of ${repository.length} characters: at most ${MAX_NAME_LENGTH} are allowed`,
    )
  }
  if (repository.startsWith(REPOSITORY_PREFIX)) {
    const base = repository.slice(REPOSITORY_PREFIX.length)
    const storeHash = parseStoreHash(base.slice(0, 32))
    if (storeHash !== undefined && base.length === 32) return { storeHash, slug: undefined }
    if (storeHash !== undefined && base[32] === '-' && isStoreName(base.slice(33))) {
      return { storeHash, slug: base.slice(33) }
    }
  }
  if (!OCI_NAME.test(repository)) {
    throw new RegistryError('name-invalid', 'malformed name: expected nix/store/<hash>-<name>', {
      detail: { name: repository },
    })
  }
  throw new RegistryError('not-found', 'not a store path: expected nix/store/<hash>-<name>', {
    detail: { name: repository },
  })
}

/** `<hash>` or `<hash>-<slug>`, as in a repository name. */
export function referenceBase({ storeHash, slug }: Reference): string {
  return slug === undefined ? storeHash : `${storeHash}-${slug}`
}

/**
 * Makes the readable part of a reference, behind the hash: the store name in the grammar of OCI names. It is lower
 * case, each run of forbidden characters becomes `-`, and the ends are trimmed. It is cut so that host and path stay
 * within 255 characters. Empty if nothing is left.
 */
export function slugOf(name: string, host: string = DEFAULT_HOST): string {
  const room = MAX_NAME_LENGTH - `${host}${STORE_DIR}/`.length - '-'.length - 32
  return trimSeparators(fullSlugOf(name).slice(0, Math.max(0, room)))
}

/** Whether `reference` may name this path: no slug, the exact name, its slug, or its slug cut for some host. */
export function isNamedBy(path: StorePath, reference: Reference): boolean {
  if (storeHashOf(path) !== reference.storeHash) return false
  const { slug } = reference
  const name = storeNameOf(path)
  if (slug === undefined || slug === name) return true
  const whole = fullSlugOf(name)
  if (slug === whole) return true
  // Cut where separators stand, it is shorter by those.
  return trimSeparators(whole.slice(0, Math.max(slug.length, MIN_CUT_SLUG_LENGTH))) === slug
}

/** The image name to write into a manifest or on a command line, with the tag `nix`. */
export function imageNameOf(path: StorePath, host: string = DEFAULT_HOST): string {
  const slug = slugOf(storeNameOf(path), host)
  return `${host}${STORE_DIR}/${storeHashOf(path)}${slug === '' ? '' : `-${slug}`}:nix`
}

function fullSlugOf(name: string): string {
  return trimSeparators(
    name.toLowerCase().replace(/[^a-z0-9]+/g, (run) => (/^(?:\.|_|__|-+)$/.test(run) ? run : '-')),
  )
}

function trimSeparators(text: string): string {
  return text.replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
}
