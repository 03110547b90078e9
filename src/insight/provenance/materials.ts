/** The sources that the builds behind a path began with: every fetched file in the graph of its derivation. */
import pLimit from 'p-limit'
import { parseNixHash, type NixHash } from '../../core/nix/nix-hash.ts'
import type { Derivation } from '../../core/nix/derivation.ts'
import { parseStorePath, storeNameOf, type StorePath } from '../../core/nix/store-path.ts'
import type { Store } from '../../store/store.ts'
import { urlOf } from '../inventory/source-archive.ts'

export type Material = {
  /** The store name of the source. */
  readonly name: string
  /** The address that it was fetched from, if that may be shown. */
  readonly url: string | undefined
  readonly hash: NixHash
  /** Whether the hash is that of the Nix archive, instead of the file's own. */
  readonly isArchiveHash: boolean
}

export type Materials = {
  /** Sorted by name. */
  readonly sources: readonly Material[]
  /** Derivations that the graph names and the store doesn't have, or beyond the limit: their sources aren't known. */
  readonly unknownDerivations: number
}

/** A closure of nixpkgs' compiler has about 2,000; a large desktop 20,000. */
const MAX_DERIVATIONS = 50_000
const READS_AT_ONCE = 16

/** @throws RegistryError `unavailable`. */
export async function materialsOf(store: Store, root: StorePath): Promise<Materials> {
  const found = new Map<string, Material>()
  const seen = new Set<StorePath>([root])
  let unknownDerivations = 0
  const limit = pLimit(READS_AT_ONCE)
  let level: readonly StorePath[] = [root]
  while (level.length > 0) {
    const valid = new Set(await store.valid(level))
    unknownDerivations += level.length - valid.size
    const read = await Promise.all(
      [...valid].map((path) => limit(() => store.derivation(path).catch(() => undefined))),
    )
    const next: StorePath[] = []
    for (const derivation of read) {
      if (derivation === undefined) {
        unknownDerivations++
        continue
      }
      const material = materialOf(derivation)
      if (material !== undefined) {
        found.set(`${material.name} ${material.hash.hex}`, material)
        // What fetched it has no part in it: the hash says all.
        continue
      }
      for (const text of derivation.inputDerivations.keys()) {
        const input = parseStorePath(text)
        if (input === undefined || seen.has(input)) continue
        seen.add(input)
        next.push(input)
      }
    }
    const room = MAX_DERIVATIONS - (seen.size - next.length)
    unknownDerivations += Math.max(0, next.length - room)
    level = next.slice(0, Math.max(0, room))
  }
  return {
    sources: [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, material]) => material),
    unknownDerivations,
  }
}

/** @returns nothing for a derivation whose output isn't fixed. */
function materialOf({ outputs, env }: Derivation): Material | undefined {
  const path = outputs.get('out')
  const hash = parseNixHash(env.get('outputHash') ?? '', env.get('outputHashAlgo'))
  if (path === undefined || hash === undefined) return undefined
  return {
    name: storeNameOf(path),
    url: urlOf(env),
    hash,
    isArchiveHash: (env.get('outputHashMode') ?? 'flat') !== 'flat',
  }
}
