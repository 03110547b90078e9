/** A store of one image, `web`, whose package was built from a source with a patch, and the image. */
import { digestOf } from '../../src/core/oci/digest.ts'
import { imageConfig, imageManifest } from '../../src/core/oci/image.ts'
import type { Image } from '../../src/registry/artifact/image.ts'
import type { Derivation } from '../../src/core/nix/derivation.ts'
import type { Store } from '../../src/store/store.ts'
import type { InventoryDeps } from '../../src/insight/inventory/inventory.ts'
import { LayerReader } from '../../src/insight/inventory/layer-contents.ts'
import { memoryStore } from '../store/memory-store.ts'
import { storePath } from '../store-path.ts'

const numbered = (number: number, name: string) => storePath(`${String(number).padStart(32, '0')}-${name}`)

export const IMAGE = numbered(1, 'web.json')
export const TOOL = numbered(2, 'tool-1.2-dev')
export const GLIBC = numbered(3, 'glibc-2.38-44')
export const TOOL_DRV = numbered(4, 'tool-1.2.drv')
const SOURCE = numbered(5, 'tool-1.2.tar.gz')
const SOURCE_DRV = numbered(6, 'tool-1.2.tar.gz.drv')
const PATCH = numbered(7, 'fix-cve-2024-12345-and-CVE-2023-1111.patch')

const derivation = (more: Partial<Derivation>): Derivation => ({
  outputs: new Map(),
  inputDerivations: new Map(),
  inputSources: [],
  system: 'x86_64-linux',
  builder: '/bin/sh',
  args: [],
  env: new Map(),
  ...more,
})

const DERIVATIONS = new Map([
  [
    TOOL_DRV,
    derivation({
      outputs: new Map([['dev', TOOL]]),
      inputDerivations: new Map([[SOURCE_DRV, ['out']]]),
      env: new Map([
        ['pname', 'tool'],
        ['version', '1.2'],
        ['src', SOURCE],
        ['patches', PATCH],
        ['TOKEN', 'secret of the build'],
      ]),
    }),
  ],
  [
    SOURCE_DRV,
    derivation({
      outputs: new Map([['out', SOURCE]]),
      env: new Map([
        ['urls', 'https://user:secret@example.org/tool-1.2.tar.gz'],
        ['outputHash', 'cd'.repeat(32)],
        ['outputHashAlgo', 'sha256'],
      ]),
    }),
  ],
])

export function webDeps(): InventoryDeps {
  return { store: storeOfWeb(), layers: new LayerReader(async function* () {}) }
}

function storeOfWeb(): Store {
  const store = memoryStore({
    valid: [IMAGE, TOOL, GLIBC, TOOL_DRV, SOURCE_DRV],
    references: new Map([
      [IMAGE, [TOOL]],
      [TOOL, [TOOL, GLIBC]],
    ]),
  })
  const known = store.derivation
  return {
    ...store,
    derivation: async (path) => DERIVATIONS.get(path) ?? known(path),
    closure: async (root) =>
      (await store.closure(root)).map((info) => (info.path === TOOL ? { ...info, deriver: TOOL_DRV } : info)),
  }
}

const layer = {
  digest: digestOf(Buffer.from('layer')),
  diffId: digestOf(Buffer.from('layer')),
  size: 10,
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  createdBy: 'tool',
  source: { kind: 'paths', paths: [TOOL, GLIBC] },
} as const
const platform = { architecture: 'amd64', os: 'linux' }
const config = imageConfig(platform, {}, [layer])

export const WEB: Image = {
  kind: 'image',
  form: 'tar',
  mounts: [],
  hasPlaces: false,
  format: 'pushless image',
  root: IMAGE,
  platform,
  config,
  manifest: imageManifest(config, [layer]),
  layers: [layer],
  layerByDigest: new Map([[layer.digest, layer]]),
  metadata: [],
}
