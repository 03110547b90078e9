/** A store that has half-known derivations and caches: a real one can't be told to have them. */
import type { StorePath } from '../../src/core/nix/store-path.ts'
import type { Store } from '../../src/store/store.ts'
import { memoryStore, type Outputs } from '../store/memory-store.ts'
import { storePath } from '../store-path.ts'

export const A = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
export const B = 'bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
export const C = 'cw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
export const D = 'dw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
export const VALID = storePath(`${A}-Hello`)
export const OUT = storePath(`${B}-made`)
export const DEV = storePath(`${C}-made-dev`)
export const DRV = storePath(`${D}-made.drv`)

type World = {
  readonly valid?: readonly StorePath[]
  readonly substitutable?: readonly StorePath[]
  readonly derivers?: readonly StorePath[]
  /** Warnings of each look-up in the caches. */
  readonly warnings?: readonly string[]
  /** Outputs of every derivation. */
  readonly outputs?: Outputs
}

export function storeOf({ derivers, outputs = { dev: DEV, out: OUT }, ...world }: World): Store {
  const derivations = new Map([DRV, ...(derivers ?? [])].map((path) => [path, outputs]))
  return {
    ...memoryStore({ ...world, derivations }),
    ...(derivers === undefined ? {} : { derivers: async () => derivers }),
  }
}
