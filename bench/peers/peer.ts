/** A registry that holds the image of the comparison, whatever its program. */
import type { Scope } from '../../test/support/scope.ts'

export type Peer = {
  /** The address of the repository, up to `/manifests`. */
  readonly repository: string
  readonly pid: number
  /** The directory in which it keeps what it was given. Nothing where that isn't a cost of the registry. */
  readonly data: string | undefined
  readonly stop: () => Promise<void>
}

export type PeerKind = {
  readonly name: string
  /** Why it can't be measured here, or false. */
  readonly missing: () => Promise<string | false>
  /** The address of pushless is where the image is copied from, with its digests. */
  readonly start: (scope: Scope, image: PeerImage) => Promise<Peer>
  /** Starts an empty one, and waits until it listens. */
  readonly startEmpty?: (scope: Scope) => Promise<{ readonly stop: () => Promise<void> }>
}

/** The image of the comparison: a store path, and a pushless that serves it. */
export type PeerImage = { readonly path: string; readonly url: string }
