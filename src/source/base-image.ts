/** An image of any kind that another one is built upon: its layers come first, and of its config what the other takes. */
import type { Digest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import { readConfig } from '../core/given-config.ts'
import type { Json, LayerDescriptor } from '../core/image.ts'
import type { StorePath } from '../core/store-path.ts'
import { parseObject } from './json-file.ts'
import type { Source, SourceConfig, SourceLayer } from './source.ts'

export type BaseImage = {
  /** Made by what their own image says, or named as they are in its archive. */
  readonly layers: readonly SourceLayer[]
  /** Whether it is an archive. */
  readonly isArchive: boolean
  readonly reads: readonly StorePath[]
  /** The OCI `config` object. */
  readonly config: { readonly [key: string]: Json }
  /**
   * Compares the base's own config with what its layers turned out to be.
   * @param layers of the whole image, the base's first.
   * @throws RegistryError `unservable`.
   */
  readonly demandLayers: (layers: readonly LayerDescriptor[]) => void
}

/** @throws RegistryError `unservable` for an image that nothing can be built upon. */
export function baseImage(path: StorePath, { kind, config, layers, reads = [] }: Source): BaseImage {
  if (layers.some((layer) => layer.kind === 'closure'))
    throw new RegistryError('unservable', `${path}: an image of this kind cannot be a base`)
  return {
    layers,
    isArchive: kind === 'docker archive',
    reads,
    config: configOf(config),
    demandLayers: (all) => {
      if (config.kind !== 'given') return
      const { diffIds } = readConfig(path, config.bytes)
      demandSame(path, diffIds, all.slice(0, layers.length))
    },
  }
}

function configOf(config: SourceConfig): { readonly [key: string]: Json } {
  if (config.kind === 'opaque') return {}
  if (config.kind !== 'given') return config.config
  const image = parseObject(Buffer.from(config.bytes).toString())
  const inner = image !== undefined && 'config' in image ? image.config : undefined
  // Came out of JSON.parse, so it is JSON.
  return typeof inner === 'object' && inner !== null ? (inner as { readonly [key: string]: Json }) : {}
}

function demandSame(path: StorePath, diffIds: readonly Digest[], layers: readonly LayerDescriptor[]): void {
  const isSame = diffIds.length === layers.length && layers.every(({ diffId }, i) => diffId === diffIds[i])
  if (!isSame) throw new RegistryError('unservable', `${path}: its config has other diff_ids than its layers`)
}
