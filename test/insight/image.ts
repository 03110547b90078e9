/** Inventories that tests draw up from a few words. */
import { digestOf } from '../../src/core/oci/digest.ts'
import type { Component, Inventory, LayerFacts } from '../../src/insight/inventory/component.ts'
import { NO_META, parseLicences } from '../../src/insight/inventory/package-meta.ts'
import { storePath } from '../store-path.ts'

export type Package = {
  readonly version?: string
  readonly size?: number
  readonly uses?: readonly string[]
  readonly licences?: readonly string[]
  readonly output?: string
  /** Another store path for the same name. */
  readonly build?: number
}

const ROOT = storePath(`${'0'.repeat(32)}-web.json`)

/**
 * @param roots names of packages that the image refers to.
 * @param packages by a name that is unique in the image; the text behind `#` isn't part of the package's name.
 * @param layers their sizes, by any name.
 */
export function inventory(
  roots: readonly string[],
  packages: Readonly<Record<string, Package>>,
  layers: Readonly<Record<string, number>> = {},
): Inventory {
  const numbers = new Map(Object.keys(packages).map((key, i) => [key, i + 1]))
  const pathOf = (key: string) => {
    const { version, build = 0 } = packages[key] ?? {}
    const hash = `${build}${String(numbers.get(key) ?? 99_999).padStart(31, '0')}`
    return storePath(`${hash}-${key.replace('#', '-')}${version === undefined ? '' : `-${version}`}`)
  }
  return {
    image: {
      root: ROOT,
      digest: digestOf(Buffer.from('image')),
      layers: Object.entries(layers).map(layerOf),
    },
    roots: roots.map(pathOf),
    components: Object.entries(packages).map(
      ([key, { version, size, uses = [], licences = [], output }]): Component => ({
        path: pathOf(key),
        name: key.replace(/#.*/, ''),
        version,
        output,
        narHash: undefined,
        narSize: size,
        references: uses.map(pathOf),
        layer: undefined,
        sources: [],
        patches: [],
        meta: { ...NO_META, licences: parseLicences(licences) },
      }),
    ),
    opaqueLayers: [],
  }
}

function layerOf([name, size]: readonly [string, number]): LayerFacts {
  const digest = digestOf(Buffer.from(name))
  return { digest, diffId: digest, size }
}
