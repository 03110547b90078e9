import type { StorePath } from '../core/nix/store-path.ts'

/** A path to fetch, or an output of a derivation to build. */
export type Work =
  | { readonly kind: 'fetch'; readonly path: StorePath }
  | { readonly kind: 'build'; readonly derivation: StorePath; readonly output: string }

/** The name as every version of Nix reads it: a path, or `derivation!output`. */
export function workName(work: Work): string {
  return work.kind === 'fetch' ? work.path : `${work.derivation}!${work.output}`
}
