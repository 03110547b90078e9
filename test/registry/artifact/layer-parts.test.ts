/** Which layers an image comes down to: how many there may be, and that they hold nothing but its closure. */
import t from 'tap'
import { SYSTEM_STORE } from '../../../src/core/nix/store-directory.ts'
import { closureFiles } from '../../../src/source/files/closure-files.ts'
import { MAX_IMAGE_LAYERS } from '../../../src/core/oci/layer-limit.ts'
import type { StorePath } from '../../../src/core/nix/store-path.ts'
import type { ClosurePath } from '../../../src/store/store.ts'
import { planByCost, TAR_LAYER_PRICE } from '../../../src/core/nix/plan-by-cost.ts'
import { planLayers } from '../../../src/core/nix/plan.ts'
import { planParts } from '../../../src/registry/artifact/layer-parts.ts'
import type { SourceConfig, SourceLayer } from '../../../src/source/source.ts'
import { storePath } from '../../store-path.ts'

const BASE32 = '0123456789abcdfghijklmnpqrsvwxyz'

function numbered(number: number): StorePath {
  const hash = `${BASE32[number >> 5] ?? ''}${BASE32[number & 31] ?? ''}`.padEnd(32, '0')
  return storePath(`${hash}-part-${number}`)
}

const root = numbered(0)
/** A root that refers to a hundred paths, which refer to nothing. */
const parts = Array.from({ length: 100 }, (_, i) => numbered(i + 1))
const closure: readonly ClosurePath[] = [root, ...parts].map((path) => ({
  path,
  narHash: '0'.repeat(64),
  narSize: 1000,
  references: path === root ? parts : [],
  deriver: undefined,
  isBuiltHere: true,
  signatures: [],
  contentAddress: '',
}))

const at = {
  root,
  closure,
  files: closureFiles(root, async () => new Set(closure.map(({ path }) => path)), SYSTEM_STORE),
}

const made: SourceConfig = { kind: 'made', platform: { architecture: 'amd64', os: 'linux' }, config: {} }
const opaque: SourceConfig = { kind: 'opaque', bytes: Buffer.from('{}'), mediaType: 'application/json' }
const layersOf = (count: number): readonly SourceLayer[] =>
  Array.from({ length: count }, () => ({ kind: 'entries', entries: [], createdBy: 'test' }))
const planned = (maxLayers: number): SourceLayer => ({ kind: 'closure', maxLayers, except: [] })

void t.test('as many layers as clients take, and no more', async (t) => {
  t.equal((await planParts(at, { layers: layersOf(MAX_IMAGE_LAYERS), config: made }, 'tar')).length, 125)
  await t.rejects(planParts(at, { layers: layersOf(MAX_IMAGE_LAYERS + 1), config: made }, 'tar'), {
    name: 'RegistryError',
    kind: 'unservable',
    message: `${root}: 126 layers, and clients take no more than 125: build it with fewer (maxLayers)`,
  })
  const artifact = await planParts(at, { layers: layersOf(300), config: opaque }, 'tar')
  t.equal(artifact.length, 300, 'of what is no image')
})

void t.test('store paths are planned to fit upon a base', async (t) => {
  const rows: [base: number, maxLayers: number, expected: number][] = [
    [0, 60, 60 + 1],
    [0, 120, 101 + 1],
    [64, 60, 125],
    [100, 60, 125],
    [123, 60, 125],
  ]
  for (const [base, maxLayers, expected] of rows) {
    const layers = [...layersOf(base), planned(maxLayers), ...layersOf(1)]
    const found = await planParts(at, { layers, config: made }, 'tar')
    t.equal(found.length, expected, `${maxLayers} upon ${base}`)
    const paths = found.flatMap(({ source }) => (source.kind === 'paths' ? source.paths : []))
    t.equal(new Set(paths).size, 101, 'all paths are there')
    t.equal(paths.length, 101, 'each once')
  }
  const full = [...layersOf(124), planned(60), ...layersOf(1)]
  await t.rejects(planParts(at, { layers: full, config: made }, 'tar'), {
    message: new RegExp(`^${root}: 126 layers`),
  })
})

void t.test('a path outside of the closure is in no layer', async (t) => {
  const secret = numbered(500)
  const refused = { name: 'RegistryError', kind: 'unservable' }
  const message = `${root}: names ${secret}, which is not in its closure`
  const place = { offset: 0, length: 1 }
  const packed = { path: secret, compression: 'gzip', narHash: '0' } as const
  const rows: readonly SourceLayer[] = [
    { kind: 'paths', paths: [root, secret], createdBy: 'test' },
    { kind: 'closure', roots: [secret], maxLayers: 1, except: [] },
    { kind: 'stored', place: { file: secret, packed, ...place }, createdBy: 'test' },
  ]
  for (const layer of rows)
    await t.rejects(
      planParts(at, { layers: [layer], config: made }, 'tar'),
      { ...refused, message },
      layer.kind,
    )
})

/** The paths of each layer, without the root. */
async function layersWith(planner?: 1 | 2): Promise<readonly (readonly StorePath[])[]> {
  const layer: SourceLayer = { kind: 'closure', maxLayers: 8, except: [root] }
  const said = planner === undefined ? layer : { ...layer, planner }
  const found = await planParts(at, { layers: [said], config: made }, 'tar')
  return found.map(({ source }) => (source.kind === 'paths' ? source.paths : []))
}

void t.test('an image says which planner decides its layers', async (t) => {
  const nodes = closure.filter(({ path }) => path !== root)
  t.strictSame(await layersWith(), planLayers(nodes, 8), 'planner 1, if it says nothing')
  t.strictSame(await layersWith(1), planLayers(nodes, 8))
  const budget = { maxLayers: 8, layerPrice: TAR_LAYER_PRICE }
  t.strictSame(await layersWith(2), planByCost(nodes, parts, budget))
  t.notSame(await layersWith(2), await layersWith(1))
})
