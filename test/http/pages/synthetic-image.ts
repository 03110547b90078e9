/** Images with as many components as a test wants, and with names that a test wants. */
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts'
import type { Component, Inventory } from '../../../src/insight/inventory/component.ts'
import { NO_META } from '../../../src/insight/inventory/package-meta.ts'
import type { ImageProvenance, PageImage } from '../../../src/http/pages/page-image.ts'
import { seededRandom } from '../../seeded-random.ts'
import { storePath } from '../../store-path.ts'

const DIGITS = '0123456789abcdfghijklmnpqrsvwxyz'
const LAYERS = 60
const LICENCES = ['MIT', 'GPL-3.0-or-later', 'LGPL-2.1-or-later', 'BSD-3-Clause', 'Apache-2.0 AND MIT']
const NAMES = [
  'glibc',
  'openssl',
  'python3',
  'perl',
  'curl',
  'zlib',
  'ncurses',
  'systemd-minimal',
  'gcc-lib',
  'git',
]

export const ROOT = storePath('00000000000000000000000000000001-web-shop')

/** A store hash of its own for each number. */
export function hashOf(number: number): string {
  let text = ''
  for (let rest = number; text.length < 32; rest = Math.floor(rest / 32)) text = `${DIGITS[rest % 32]}${text}`
  return text
}

export function component(number: number, more: Partial<Component> = {}): Component {
  const name = `${NAMES[number % NAMES.length]}-part-${number}`
  return {
    path: storePath(`${hashOf(number + 100)}-component-${number}`),
    name,
    version: `${number % 7}.${number % 13}.${number % 5}`,
    output: 'out',
    narHash: 'ab'.repeat(32),
    narSize: 1000 + number,
    references: [],
    layer: undefined,
    sources: [],
    patches: [],
    meta: { ...NO_META, licences: [{ kind: 'spdx', expression: LICENCES[number % LICENCES.length] ?? '' }] },
    ...more,
  }
}

function layerDigest(number: number): Digest {
  return digestOf(Buffer.from(`layer ${number}`))
}

/** Like the closure of a real image: a few large components, many small ones, and references to those of higher numbers. */
export function inventoryOf(
  count: number,
  change: (number: number) => Partial<Component> = () => ({}),
): Inventory {
  const { below } = seededRandom(count)
  const random = () => below(1000) / 1000
  const components = Array.from({ length: count }, (_, number) => {
    const references = Array.from(
      { length: Math.min(5, count - number - 1) },
      () => number + 1 + Math.floor((1 - random() ** 3) * (count - number - 1)),
    )
    const digest = layerDigest(number % LAYERS)
    return component(number, {
      narSize: Math.round(40e6 / (1 + random() * number)),
      references: [...new Set(references)].map((other) => component(other).path).toSorted(),
      layer: { digest, diffId: digest },
      ...change(number),
    })
  })
  const sizes = Map.groupBy(components, ({ layer }) => layer?.digest)
  return {
    image: {
      root: ROOT,
      digest: digestOf(Buffer.from(`image of ${count}`)),
      layers: Array.from({ length: LAYERS }, (_, number) => {
        const digest = layerDigest(number)
        const size = (sizes.get(digest) ?? []).reduce((sum, { narSize = 0 }) => sum + narSize, 10_000)
        return { digest, diffId: digest, size }
      }),
    },
    roots: components.slice(0, 3).map(({ path }) => path),
    components: components.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    opaqueLayers: [],
  }
}

export function pageImage(inventory: Inventory, more: Partial<PageImage> = {}): PageImage {
  return {
    inventory,
    format: 'pushless image',
    platform: 'linux/amd64',
    config: {
      config: { Entrypoint: ['/bin/web', '--port', '80'], Env: ['PATH=/bin', 'LANG=C.UTF-8'], User: '1000' },
    },
    configDigest: digestOf(Buffer.from('config')),
    ...more,
  }
}

/** An image that a remote builder made, from one source. */
export function provenanceOf(
  machine: string,
  source: { readonly name: string; readonly url: string },
): ImageProvenance {
  return {
    facts: {
      info: {
        path: ROOT,
        narHash: 'ab'.repeat(32),
        narSize: 1,
        references: [],
        deriver: ROOT,
        isBuiltHere: false,
        signatures: [],
        contentAddress: '',
      },
      origin: { kind: 'built', machine },
      derivation: {
        path: ROOT,
        output: 'out',
        system: 'x86_64-linux',
        narHash: undefined,
        materials: {
          sources: [{ ...source, hash: { algorithm: 'sha256', hex: 'cd'.repeat(32) }, isArchiveHash: false }],
          unknownDerivations: 2,
        },
      },
    },
    statement: async () => Buffer.from('{}'),
  }
}
