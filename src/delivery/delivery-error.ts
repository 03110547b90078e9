/** A delivery that can't be done as it was asked for. Nothing was changed, or the message says what was. */
import type { DeliveryProblem } from './set/object-set.ts'

export type DeliveryErrorKind =
  /** The objects, or the record of the set, can't be used. */
  | 'invalid'
  /** The cluster has no such kind, until somebody adds its CustomResourceDefinition. Nothing was changed. */
  | 'no-such-kind'
  /** The cluster refuses objects, before anything was changed. */
  | 'refused'
  /** Too much would be deleted. */
  | 'shrink'
  /** Objects belong to other sets. */
  | 'owned'
  /** Another delivery of the same set began meanwhile. */
  | 'superseded'
  /** No such set, or no such generation. */
  | 'not-found'

export class DeliveryError extends Error {
  readonly kind: DeliveryErrorKind
  readonly problems: readonly DeliveryProblem[]

  constructor(
    kind: DeliveryErrorKind,
    message: string,
    {
      problems = [],
      cause,
    }: { readonly problems?: readonly DeliveryProblem[]; readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'DeliveryError'
    this.kind = kind
    this.problems = problems
  }
}
