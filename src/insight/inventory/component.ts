/** The facts that are known of an image and of each store path in it. A fact that isn't known is absent, never guessed. */
import type { Digest } from '../../core/oci/digest.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { PackageMeta } from './package-meta.ts'
import type { SourceArchive } from './source-archive.ts'

/** One output path of a package. */
export type Component = {
  readonly path: StorePath
  readonly name: string
  readonly version: string | undefined
  /** The output of its derivation, such as `out` or `dev`. */
  readonly output: string | undefined
  /** SHA-256 of the path as a Nix archive, hexadecimal. Absent for paths of an archive that the store doesn't have. */
  readonly narHash: string | undefined
  /** Bytes of that archive. */
  readonly narSize: number | undefined
  /** Other components that it refers to, sorted. */
  readonly references: readonly StorePath[]
  /** The layer that holds it. */
  readonly layer: LayerOfComponent | undefined
  /** The sources of its derivation that were fetched. */
  readonly sources: readonly SourceArchive[]
  readonly patches: readonly Patch[]
  /** The facts that its evaluation knew of the package. */
  readonly meta: PackageMeta
}

type LayerOfComponent = { readonly digest: Digest; readonly diffId: Digest }

export type Patch = {
  /** The name of the file. */
  readonly name: string
  /** CVE identifiers in that name, upper case, sorted. */
  readonly fixes: readonly string[]
}

/** A layer, without its bytes. */
export type LayerFacts = LayerOfComponent & {
  /** Bytes of the blob. */
  readonly size: number
}

/** An image, without its bytes. */
export type ImageFacts = {
  /** The store path that it is pulled by. */
  readonly root: StorePath
  /** The digest of its manifest. */
  readonly digest: Digest
  /** Bottom first. */
  readonly layers: readonly LayerFacts[]
}

/** An image and its components. */
export type Inventory = {
  readonly image: ImageFacts
  /** Components that the image itself refers to, sorted. */
  readonly roots: readonly StorePath[]
  /** Sorted by path. */
  readonly components: readonly Component[]
  /** Layers that hold files which aren't store paths of known packages, such as those of a base image. */
  readonly opaqueLayers: readonly LayerFacts[]
}
