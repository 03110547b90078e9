/**
 * A store of the same shape as Nix's: a real one can't be told to have substituters and half-known derivations.
 */
import { parseStorePath, type StorePath } from '../../src/core/nix/store-path.ts'
import { parseDerivation } from '../../src/store/daemon/derivation.ts'
import type { NixStore } from '../../src/store/daemon/nix-store.ts'

export const A = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
export const B = 'bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
export const C = 'cw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
export const D = 'dw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
export const VALID = storePath(`${A}-Hello`)
export const OUT = storePath(`${B}-made`)
export const DEV = storePath(`${C}-made-dev`)
export const DRV = storePath(`${D}-made.drv`)

function storePath(base: string): StorePath {
  const path = parseStorePath(`/nix/store/${base}`)
  if (path === undefined) throw new Error(`no store path: ${base}`)
  return path
}

type World = {
  readonly valid?: readonly StorePath[]
  readonly substitutable?: readonly StorePath[]
  readonly derivers?: readonly StorePath[]
  /** What Nix says while it asks the caches. */
  readonly warnings?: readonly string[]
  /** Outputs of every derivation. */
  readonly outputs?: Readonly<Record<string, string>>
}

/** Answers what the world says, and nothing that `resolve` doesn't ask. */
export function storeOf({
  valid = [],
  substitutable = [],
  derivers = [],
  warnings = [],
  outputs = { dev: DEV, out: OUT },
}: World): NixStore {
  const rows = Object.entries(outputs).map(([name, path]) => `("${name}","${path}","","")`)
  const store: Pick<NixStore, 'pathFromHash' | 'isValid' | 'missing' | 'derivers' | 'derivation'> = {
    pathFromHash: async (hash) => valid.find((path) => path.slice(11, 43) === hash),
    isValid: async (path) => valid.includes(path),
    missing: async (wanted) => {
      const paths = wanted.map((each) => ('path' in each ? each.path : each.derivation))
      return {
        willBuild: [],
        willSubstitute: paths.filter((path) => substitutable.includes(path)),
        unknown: paths.filter((path) => !substitutable.includes(path)),
        downloadSize: 0,
        narSize: 0,
        warnings,
      }
    },
    derivers: async () => derivers,
    derivation: async () => parseDerivation(`Derive([${rows.join()}],[],[],"s","b",[],[])`),
  }
  return store as NixStore
}
