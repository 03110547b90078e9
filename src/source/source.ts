/**
 * Every kind of image becomes a config and a list of layers. Each kind has a file of its own beside this one. The
 * steps after it (closure, plan, digests, manifest) are the same for all.
 */
import type { Json } from '../core/json.ts'
import type { ByteString } from '../core/byte-string.ts'
import type { Digest } from '../core/oci/digest.ts'
import type { Document, LayerDescriptor, Platform } from '../core/oci/image.ts'
import type { LayerStyle } from '../core/tar/layer-style.ts'
import type { LayerEntry } from '../core/tar/segment.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import type { Archives } from '../unpack/archives.ts'
import type { PackedFile } from '../unpack/unpack-cache.ts'
import type { ClosureFiles } from './files/closure-files.ts'

export type SourceFormat =
  | 'pushless image'
  | 'multi-platform image'
  | 'streamed image'
  | 'nix2container image'
  | 'nix-snapshotter image'
  | 'docker archive'
  | 'OCI layout'
  | 'package'

export type SourceLayer =
  | ClosureLayer
  /** These paths of the closure, in this order, as one layer; in format 1 by default. */
  | {
      readonly kind: 'paths'
      readonly paths: readonly StorePath[]
      readonly style?: LayerStyle
      readonly createdBy: string
    }
  /** Made anew each time that they are iterated over, so that many of them need not be in memory at once. */
  | { readonly kind: 'entries'; readonly entries: Iterable<LayerEntry>; readonly createdBy: string }
  | StoredLayer
  /** The database of a Nix store that holds the paths in the layers below. */
  | { readonly kind: 'nix database'; readonly createdBy: string }

/** 1 is core/nix/plan.ts, 2 is core/nix/plan-by-cost.ts. */
type PlannerVersion = 1 | 2

/** A closure, planned into at most `maxLayers` layers, without what is in a layer below already. */
type ClosureLayer = {
  readonly kind: 'closure'
  readonly maxLayers: number
  /** Defaults to 1. Digests depend on it, so it is part of the image's identity. */
  readonly planner?: PlannerVersion
  /** The roots of the closure. Defaults to the image's own path. */
  readonly roots?: readonly StorePath[]
  /** See core/nix/closure.ts. */
  readonly except: readonly StorePath[]
  readonly unpacked?: readonly StorePath[]
}

/** A blob that is in a file already. */
export type StoredLayer = {
  readonly kind: 'stored'
  readonly place: StoredPlace
  /** The digest that the maker of the file gives. The file is hashed once, and refused if it differs. */
  readonly digest?: Digest
  /** The digest of the tar that the maker of the image gives. For a plain tar it must be the blob's own. */
  readonly diffId?: Digest
  /** Defaults to a plain tar. */
  readonly mediaType?: string
  readonly createdBy: string
}

/** Bytes of a file of the store. */
export type StoredPlace = {
  /** Absolute. */
  readonly file: ByteString
  readonly offset: number
  readonly length: number
  /** Set where the file is compressed as a whole: the bytes are then those of the unpacked file. */
  readonly packed?: PackedFile
}

/**
 * The image's config: made here from what it says, or bytes that were made elsewhere and have a digest already, or
 * written once the layers are known, the way the image's own tool does it.
 */
export type SourceConfig =
  | {
      readonly kind: 'made'
      readonly platform: Platform
      /** The OCI `config` object. */
      readonly config: { readonly [key: string]: Json }
      /** RFC 3339; defaults to one second after the epoch. */
      readonly created?: string
      readonly author?: string
    }
  /** Its `diff_ids` must be those of the layers. The media type defaults to that of an OCI config. */
  | { readonly kind: 'given'; readonly bytes: Uint8Array; readonly mediaType?: string }
  /** For artifacts that aren't images, but have the form of one: the config is a blob like others. */
  | { readonly kind: 'opaque'; readonly bytes: Uint8Array; readonly mediaType: string }
  | {
      readonly kind: 'written'
      readonly platform: Platform
      /** The OCI `config` object that will be in it. */
      readonly config: { readonly [key: string]: Json }
      /** The OCI image config, its diff_ids being those of the layers. @throws RegistryError `unservable`. */
      readonly write: (layers: readonly LayerDescriptor[]) => Uint8Array
    }

export type Source = {
  readonly kind: 'image'
  readonly format: SourceFormat
  readonly config: SourceConfig
  /** Bottom first. */
  readonly layers: readonly SourceLayer[]
  /** The tags of the path's images, where it has several. */
  readonly tags?: readonly string[]
  /** Made elsewhere, and served as it is; else one is made here. */
  readonly manifest?: Document
  /** Files with what only evaluation knew of the packages. They are in the closure, and not in the layers. */
  readonly metadata?: readonly StorePath[]
  /** The form of the manifest that is made here. Defaults to OCI. */
  readonly form?: 'docker'
}

/** An index that was made elsewhere. */
export type LayoutIndex = {
  readonly kind: 'index'
  readonly format: SourceFormat
  readonly index: Document
  /** It, and the indexes that it names. */
  readonly documents: readonly Document[]
  readonly images: readonly IndexedImage[]
  readonly tags: readonly string[]
}

export type IndexedImage = {
  readonly manifest: Document
  /** As the index says. */
  readonly platform:
    { readonly os?: string; readonly architecture?: string; readonly variant?: string } | undefined
  /** Digests of config and layers. */
  readonly blobs: ReadonlySet<Digest>
  /** Reads the image itself. Its layers are hashed only then. */
  readonly read: () => Promise<Source>
}

/** Images with names of their own, of which an index is made here. */
export type PlatformList = {
  readonly kind: 'platforms'
  readonly format: SourceFormat
  readonly platforms: readonly { readonly platform: Platform; readonly image: NamedImage }[]
}

/** A store path that is an image, or will be. */
export type NamedImage =
  | { readonly kind: 'path'; readonly path: StorePath }
  | { readonly kind: 'output'; readonly derivation: StorePath; readonly output: string }

/** How a path is read. The tag is one that the path itself has; `undefined` is its first image. */
export type SourceOptions = {
  readonly tag: string | undefined
  /** The files of the whole image: also when this one is only its base. */
  readonly files: ClosureFiles
  /** Without it compressed archives can't be read. */
  readonly archives?: Archives
  /** How many images this one is the base of, one upon the other; defaults to 0. */
  readonly depth?: number
}
