/**
 * The contract of a store: what the registry needs to know of store paths, and how they are made. store/daemon/ asks a
 * Nix daemon. Every implementation passes test/store/store-conformance.ts.
 */
import type { Work } from './work.ts'
import type { ContentAddress } from '../core/nix/content-address.ts'
import type { Derivation } from '../core/nix/derivation.ts'
import type { StoreDirectory } from '../core/nix/store-directory.ts'
import type { ClosureNode } from '../core/nix/closure-bits.ts'
import type { StoreHash, StorePath } from '../core/nix/store-path.ts'

export type PathInfo = {
  readonly path: StorePath
  /** SHA-256 of the path as a Nix archive, hexadecimal. */
  readonly narHash: string
  /** Bytes of that archive. */
  readonly narSize: number
  /** May hold the path itself. */
  readonly references: readonly StorePath[]
  /** The derivation that it was built from, where that is known. */
  readonly deriver: StorePath | undefined
  /** Whether this store built it, and didn't fetch it. */
  readonly isBuiltHere: boolean
  /** `name:base64` each. */
  readonly signatures: readonly string[]
  /** `text:sha256:…` or `fixed:r:sha256:…`; empty for paths that aren't content-addressed. */
  readonly contentAddress: string
}

export type ClosurePath = ClosureNode & PathInfo

/** A content that is added under the path that the content itself gives. */
export type Addition = {
  readonly name: string
  readonly method: ContentAddress['method']
  readonly references: readonly StorePath[]
  /** The text or file itself, or the archive. */
  readonly content: AsyncIterable<Uint8Array>
}

/** The work that would make paths valid. Sizes in bytes. */
export type Missing = {
  readonly willBuild: readonly StorePath[]
  readonly willSubstitute: readonly StorePath[]
  readonly unknown: readonly StorePath[]
  readonly downloadSize: number
  readonly narSize: number
  /** Warnings of the look-up, such as of a cache that could not be reached. */
  readonly warnings: readonly string[]
}

export type BuildOutcome =
  { readonly kind: 'done' } | { readonly kind: 'failed'; readonly status: string; readonly message: string }

/** An event of a fetch or build, for logs and progress. */
export type StoreEvent =
  /** A line that a builder printed, with the derivation if known, or a line of the store's own. */
  | { readonly kind: 'log'; readonly line: string; readonly derivation: string | undefined }
  /** `machine` is the address of a remote builder. */
  | { readonly kind: 'building'; readonly derivation: string; readonly machine?: string }
  /** `cache` is the address of the binary cache. */
  | { readonly kind: 'substituting'; readonly path: string; readonly cache?: string }

/** Paths that are kept from the garbage collector until `close`, or until the store drops them (`isOpen`). */
export type HeldRoots = {
  readonly isOpen: boolean
  /** Keeps a path, valid or not yet. One call at a time. @throws RegistryError `unavailable`. */
  readonly add: (path: StorePath) => Promise<void>
  readonly close: () => void
}

/** Every method throws RegistryError `unavailable` where the store doesn't answer. */
export type Store = {
  /** The name of the connection, for people. */
  readonly name: string
  /** The directory on this machine that the files of valid paths are in. See core/nix/store-directory.ts. */
  readonly directory: StoreDirectory
  /** Connects, so that the first question needn't. @returns the version of what answers. */
  readonly connect: () => Promise<string>
  /** Asks a question that every store has an answer to. */
  readonly ping: () => Promise<void>

  /** The valid path with this hash, if there is one. */
  readonly pathFromHash: (hash: StoreHash) => Promise<StorePath | undefined>
  readonly isValid: (path: StorePath) => Promise<boolean>
  /** Returns the paths that are valid. */
  readonly valid: (paths: readonly StorePath[]) => Promise<readonly StorePath[]>
  /** All that is known of a path; `undefined` if it isn't valid. */
  readonly info: (path: StorePath) => Promise<PathInfo | undefined>
  /** As in PathInfo. @throws RegistryError `unavailable` when the path isn't valid. */
  readonly narHash: (path: StorePath) => Promise<string>
  /**
   * The path and all that it needs, each once, in no particular order.
   * @throws RegistryError `unavailable` when a path isn't valid any more.
   */
  readonly closure: (root: StorePath) => Promise<readonly ClosurePath[]>
  /** Derivations in the store that make this path, even if it was never made. */
  readonly derivers: (path: StorePath) => Promise<readonly StorePath[]>
  /** A derivation that is valid. @throws RegistryError `unservable` for a path that isn't a derivation. */
  readonly derivation: (path: StorePath) => Promise<Derivation>

  /**
   * The work that would make these valid. Asks the binary caches, so it may take a while.
   * @throws RegistryError `lookup-failed` when one fails in a way that the store doesn't tolerate, or they take too
   * long.
   */
  readonly missing: (wanted: readonly Work[]) => Promise<Missing>
  /**
   * Fetches a path from a binary cache.
   * @param signal gives it up.
   * @throws RegistryError `fetch-failed`, `no-space`.
   */
  readonly fetch: (
    path: StorePath,
    onEvent: (event: StoreEvent) => void,
    signal?: AbortSignal,
  ) => Promise<void>
  /**
   * Builds an output, or fetches it where a cache has it.
   * @param signal gives it up.
   * @throws RegistryError `no-space`.
   */
  readonly build: (
    derivation: StorePath,
    output: string,
    onEvent: (event: StoreEvent) => void,
    signal?: AbortSignal,
  ) => Promise<BuildOutcome>
  /**
   * Adds a content; what it refers to must be valid.
   * @returns its path.
   * @throws RegistryError `malformed` for a content that the store refuses, `no-space`.
   */
  readonly add: (addition: Addition, signal: AbortSignal) => Promise<StorePath>

  /** Opens a set of roots that end with it. */
  readonly openRoots: () => Promise<HeldRoots>
  /** Keeps the path that a symbolic link leads to, for as long as the link is there. @param link its absolute path. */
  readonly addRoot: (link: string) => Promise<void>

  readonly close: () => void
}
