/**
 * From a reference to what has to be done for it: nothing, a fetch or a build. Starts no work.
 *
 * Only a valid path can be found by its hash alone. For one that isn't valid Nix asks for the whole name, so there the
 * slug must be the exact store name, which it is for every image of `nix/image.nix`.
 */
import type { Work } from '../../store/work.ts'
import { RegistryError, type ErrorDetail } from '../../core/errors/errors.ts'
import { isNamedBy, referenceBase, type Reference } from '../../core/oci/reference.ts'
import { isDerivationPath, storeHashOf, storePathOf, type StorePath } from '../../core/nix/store-path.ts'
import type { Derivation } from '../../core/nix/derivation.ts'
import type { Store } from '../../store/store.ts'
import { EROFS_TAG } from './image-form.ts'

export type Resolved =
  | { readonly kind: 'valid'; readonly path: StorePath }
  | {
      readonly kind: 'to-do'
      readonly work: Work
      /** Not known before the build for content-addressed outputs. */
      readonly path: StorePath | undefined
    }

/** Tags that every name has: `nix` is what our manifests say, `latest` what clients say when nobody says anything. */
export const DEFAULT_TAGS: readonly string[] = ['latest', 'nix']
const DEFAULT_OUTPUT = 'out'

/**
 * @param tag one of the default tags; for a derivation also the name of an output, for an image one of its own.
 * @throws RegistryError `name-unknown`, `manifest-unknown`, `lookup-failed`, `unavailable`.
 */
export async function resolve(store: Store, reference: Reference, tag: string): Promise<Resolved> {
  const target = await find(store, reference)
  if (target.kind !== 'valid' || !isDerivationPath(target.path)) {
    // Which tags an image has itself is known once it is here: see `tagInside`.
    return target
  }
  const derivation = await store.derivation(target.path)
  const output = outputFor(derivation, tag)
  const path = derivation.outputs.get(output)
  if (path !== undefined && (await store.isValid(path))) return { kind: 'valid', path }
  return { kind: 'to-do', work: { kind: 'build', derivation: target.path, output }, path }
}

/** The tag that is left for the image at `root` to know, which may hold several; none for its first. */
export function tagInside(reference: Reference, root: StorePath, tag: string): string | undefined {
  const isOutput = storeHashOf(root) !== reference.storeHash
  return isOutput || DEFAULT_TAGS.includes(tag) ? undefined : tag
}

/**
 * Every tag that the reference has, sorted.
 * @param own tags that the image has itself. Of an output only `erofs` counts.
 * @throws RegistryError `name-unknown`, `unavailable`.
 */
export async function tagsOf(
  store: Store,
  reference: Reference,
  own: readonly string[],
): Promise<readonly string[]> {
  const target = await find(store, reference)
  if (target.kind !== 'valid') return DEFAULT_TAGS
  if (!isDerivationPath(target.path)) return [...new Set([...DEFAULT_TAGS, ...own])].sort()
  const derivation = await store.derivation(target.path)
  const form = own.filter((tag) => tag === EROFS_TAG)
  return [...new Set([...DEFAULT_TAGS, ...derivation.outputs.keys(), ...form])].sort()
}

/** Resolves the name itself, before any tag. */
async function find(store: Store, reference: Reference): Promise<Resolved> {
  const valid = await store.pathFromHash(reference.storeHash)
  if (valid !== undefined) {
    if (!isNamedBy(valid, reference))
      throw unknownName(reference, 'the store has another name with this hash')
    return { kind: 'valid', path: valid }
  }
  const path = reference.slug === undefined ? undefined : storePathOf(reference.storeHash, reference.slug)
  if (path === undefined)
    throw unknownName(reference, 'not in the store, and its full name is needed to look further')
  const caches = await lookUp(store, path)
  if (caches.kind === 'offered') return { kind: 'to-do', work: { kind: 'fetch', path }, path }
  for (const deriver of await store.derivers(path)) {
    const { outputs } = await store.derivation(deriver)
    for (const [output, made] of outputs) {
      if (made === path) return { kind: 'to-do', work: { kind: 'build', derivation: deriver, output }, path }
    }
  }
  // A cache that can't be asked may have it: to say that there is no such path would be a guess.
  if (caches.kind === 'unsure') throw caches.error
  // Who was asked stands in the log, and is told to clients that may know. Others see the same as for a denied path.
  throw unknownName(reference, 'not in the store, no cache has it, and no derivation makes it', {
    asked: store.name,
  })
}

type LookUp =
  { readonly kind: 'offered' | 'not-offered' } | { readonly kind: 'unsure'; readonly error: RegistryError }

/**
 * Whether a cache has a path. Nix leaves out a cache that it can't reach and goes on with a warning, the only sign of
 * it: warnings and nothing found mean that nobody knows.
 */
async function lookUp(store: Store, path: StorePath): Promise<LookUp> {
  try {
    const { willSubstitute, warnings } = await store.missing([{ kind: 'fetch', path }])
    if (willSubstitute.includes(path)) return { kind: 'offered' }
    if (warnings.length === 0) return { kind: 'not-offered' }
    const message = `no binary cache is known to have it, and not all could be asked: ${path}`
    return {
      kind: 'unsure',
      error: new RegistryError('lookup-failed', message, { detail: { path, log: warnings } }),
    }
  } catch (error) {
    if (error instanceof RegistryError && error.kind === 'lookup-failed') return { kind: 'unsure', error }
    throw error
  }
}

function outputFor(derivation: Derivation, tag: string): string {
  const names = [...derivation.outputs.keys()]
  if (names.includes(tag)) return tag
  const [first = DEFAULT_OUTPUT] = names
  if (DEFAULT_TAGS.includes(tag)) return names.includes(DEFAULT_OUTPUT) ? DEFAULT_OUTPUT : first
  throw unknownTag(tag, [...DEFAULT_TAGS, ...names])
}

function unknownName(reference: Reference, why: string, facts: ErrorDetail = {}): RegistryError {
  return new RegistryError('name-unknown', `no such store path: ${why}`, {
    detail: { path: referenceBase(reference), ...facts },
  })
}

function unknownTag(tag: string, tags: readonly string[]): RegistryError {
  return new RegistryError('manifest-unknown', 'no such tag', {
    detail: { tag, tags: [...new Set(tags)].sort() },
  })
}
