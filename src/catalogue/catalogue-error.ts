/** A catalogue, or a request to one, that can't be answered. */
import type { Problem } from '../kubernetes/check/problem.ts'

export type CatalogueFailure =
  /** There is no entry of that name, or no such version. */
  | 'not-found'
  /** The values are refused by the schema: `problems` has each of them. */
  | 'invalid-values'
  /** The catalogue itself is wrong, whichever values it gets. */
  | 'invalid-catalogue'
  /** Nix refused to evaluate the catalogue, for these values at least. */
  | 'evaluation-failed'
  /** The evaluation needed more time, memory or output than it may. */
  | 'limit-exceeded'
  /** An index has no build of these values, and can't evaluate. */
  | 'not-built'

/** The message is one line, and complete without the cause. */
export class CatalogueError extends Error {
  readonly kind: CatalogueFailure
  /** Problems of the values, with paths from their root. Empty for other kinds. */
  readonly problems: readonly Problem[]

  constructor(
    kind: CatalogueFailure,
    message: string,
    { problems = [], cause }: { readonly problems?: readonly Problem[]; readonly cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.name = 'CatalogueError'
    this.kind = kind
    this.problems = problems
  }
}
