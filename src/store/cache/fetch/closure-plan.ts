/** The paths that have to be fetched for a path, and their order. */
import { RegistryError } from '../../../core/errors/errors.ts'
import type { StorePath } from '../../../core/nix/store-path.ts'
import type { Found, Offer } from '../binary-cache/look-up.ts'

export type ClosurePlan = {
  /** Paths to fetch. */
  readonly offers: ReadonlyMap<StorePath, Offer>
  /** Paths that no cache offers, and why. */
  readonly lacking: ReadonlyMap<StorePath, Exclude<Found, Offer>>
  /** Paths that are in the store already. What they need is, too. */
  readonly present: ReadonlySet<StorePath>
}

/** The largest closures of nixpkgs are a few thousand paths. */
const MAX_PATHS = 100_000

/** @throws RegistryError `fetch-failed` for a closure of too many paths. */
export async function planClosure(
  roots: readonly StorePath[],
  isValid: (path: StorePath) => boolean,
  find: (path: StorePath) => Promise<Found>,
): Promise<ClosurePlan> {
  const offers = new Map<StorePath, Offer>()
  const lacking = new Map<StorePath, Exclude<Found, Offer>>()
  const present = new Set<StorePath>()
  const asked = new Set<StorePath>()
  const visit = async (path: StorePath): Promise<void> => {
    if (asked.has(path)) return
    asked.add(path)
    if (isValid(path)) {
      present.add(path)
      return
    }
    if (asked.size > MAX_PATHS)
      throw new RegistryError('fetch-failed', `more than ${MAX_PATHS} paths would have to be fetched`)
    const found = await find(path)
    if (found.kind === 'none') lacking.set(path, found)
    else {
      offers.set(path, found)
      await Promise.all(found.narinfo.references.map(visit))
    }
  }
  await Promise.all(roots.map(visit))
  return { offers, lacking, present }
}

/**
 * Puts each path after all paths that it refers to.
 * @throws RegistryError `fetch-failed` for paths that refer to each other in a circle.
 */
export function inOrder(offers: ReadonlyMap<StorePath, Offer>): readonly Offer[] {
  const ordered: Offer[] = []
  const state = new Map<StorePath, 'open' | 'done'>()
  for (const root of offers.keys()) {
    // A stack of our own: a chain of references may be longer than the stack of calls.
    const open: { readonly path: StorePath; readonly ahead: StorePath[] }[] = []
    const enter = (path: StorePath): void => {
      const offer = offers.get(path)
      if (offer === undefined || state.get(path) === 'done') return
      if (state.get(path) === 'open')
        throw new RegistryError('fetch-failed', `${path} refers to itself by way of other paths`)
      state.set(path, 'open')
      open.push({ path, ahead: offer.narinfo.references.filter((reference) => reference !== path) })
    }
    enter(root)
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const next = last.ahead.pop()
      if (next !== undefined) {
        enter(next)
        continue
      }
      open.pop()
      state.set(last.path, 'done')
      const offer = offers.get(last.path)
      if (offer !== undefined) ordered.push(offer)
    }
  }
  return ordered
}
