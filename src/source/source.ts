/**
 * What every kind of image comes down to: a config and a list of layers. Each kind has a file of its own beside this
 * one; what comes after (closure, plan, digests, manifest) is the same for all.
 */
import type { Json, Platform } from '../core/image.ts'
import type { LayerEntry } from '../core/segment.ts'
import type { StorePath } from '../core/store-path.ts'

export type SourceKind = 'pushless image' | 'package'

export type SourceLayer =
  /** The closure of the image's path, planned into at most `maxLayers` layers, without the paths in `except`. */
  | { readonly kind: 'closure'; readonly maxLayers: number; readonly except: readonly StorePath[] }
  | { readonly kind: 'entries'; readonly entries: readonly LayerEntry[]; readonly createdBy: string }

export type Source = {
  readonly kind: SourceKind
  readonly platform: Platform
  /** The OCI `config` object. */
  readonly config: { readonly [key: string]: Json }
  /** Bottom first. */
  readonly layers: readonly SourceLayer[]
}
