/** Which images can do without their store paths, and what is left of them. */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { asByteString } from '../../../src/core/byte-string.ts'
import type { Json } from '../../../src/core/json.ts'
import { storeDirectory } from '../../../src/core/nix/store-directory.ts'
import type { LayerEntry } from '../../../src/core/tar/segment.ts'
import { zeroCopySource } from '../../../src/registry/artifact/zero-copy-source.ts'
import { closureFiles } from '../../../src/source/files/closure-files.ts'
import type { Source, SourceLayer } from '../../../src/source/source.ts'
import type { ClosurePath } from '../../../src/store/store.ts'
import { storePath } from '../../store-path.ts'
import { temporaryDirectory, type Scope } from '../../support/scope.ts'

const root = storePath(`${'0'.repeat(32)}-image`)
const program = storePath(`${'1'.repeat(32)}-program`)
const file = storePath(`${'2'.repeat(32)}-file`)
const link = storePath(`${'3'.repeat(32)}-link`)
const base = storePath(`${'4'.repeat(32)}-base`)
const paths = [root, program, file, link, base]
const closure: readonly ClosurePath[] = paths.map((path) => ({
  path,
  narHash: '0'.repeat(64),
  narSize: 1000,
  references: path === root ? paths.slice(1) : [],
  deriver: undefined,
  isBuiltHere: true,
  signatures: [],
  contentAddress: '',
}))

async function imageRoot(scope: Scope) {
  const directory = join(await temporaryDirectory(scope, 'store'), 'store')
  const at = (path: string) => join(directory, path.slice('/nix/store/'.length))
  for (const path of [program, base]) {
    await mkdir(at(`${path}/bin`), { recursive: true })
    await writeFile(at(`${path}/bin/say`), 'a program')
  }
  for (const path of [root, file]) await writeFile(at(path), 'text')
  await symlink(program, at(link))
  const files = closureFiles(root, async () => new Set(paths), storeDirectory(directory))
  return { root, closure, files }
}

const directory = (name: string): LayerEntry => ({ kind: 'directory', name: asByteString(name), mode: 0o755 })
const linkTo = (name: string, target: string): LayerEntry => ({
  kind: 'symlink',
  name: asByteString(name),
  target: asByteString(target),
})
const own: readonly LayerEntry[] = [
  directory('nix'),
  directory('nix/store'),
  directory('bin'),
  linkTo('bin/say', `${program}/bin/say`),
  linkTo('bin/round', 'round'),
  linkTo('sbin', 'bin'),
  linkTo('outside', '/bin/tool'),
  { kind: 'file', name: asByteString('bin/tool'), mode: 0o555, size: 0, content: new Uint8Array() },
]

const stores: SourceLayer = { kind: 'closure', maxLayers: 60, except: [root] }
const entries = { kind: 'entries', entries: own, createdBy: 'root' } as const satisfies SourceLayer
const foreign: SourceLayer = {
  kind: 'stored',
  place: { file: asByteString(base), offset: 0, length: 1 },
  createdBy: 'base',
}
const paths4: SourceLayer = { kind: 'paths', paths: [base], createdBy: 'paths' }

function sourceOf(config: { readonly [key: string]: Json }, layers: readonly SourceLayer[]): Source {
  const platform = { architecture: 'amd64', os: 'linux' }
  return { kind: 'image', format: 'pushless image', config: { kind: 'made', platform, config }, layers }
}

void t.test('an image whose program is in the store', async (t) => {
  const at = await imageRoot(t)
  const rows: [
    config: { readonly [key: string]: Json },
    layers: readonly SourceLayer[],
    expected: boolean,
  ][] = [
    [{ Entrypoint: [`${program}/bin/say`] }, [stores, entries], true],
    [{ Cmd: [`${program}/bin/say`] }, [stores], true],
    [{ Entrypoint: [], Cmd: [`${link}/bin/say`] }, [stores, entries], true],
    [{ Entrypoint: ['/bin/say'] }, [stores, entries], true],
    [{ Entrypoint: ['/sbin/../sbin/say'] }, [stores, entries], true],
    [{ Entrypoint: ['say'], Env: ['PATH=/usr/bin:/sbin'] }, [stores, entries], true],
    [{ Entrypoint: ['say'], Env: [`PATH=${file}:${program}/bin`] }, [stores, entries], true],
    [{ Entrypoint: [`${program}/bin/say`] }, [foreign, stores, entries], true],

    [{}, [stores, entries], false],
    [{ Cmd: [''] }, [stores, entries], false],
    [{ Entrypoint: ['say'] }, [stores, entries], false],
    [{ Entrypoint: ['./say'], Env: ['PATH=/bin'] }, [stores, entries], false],
    [{ Entrypoint: [`${program}/bin/absent`] }, [stores, entries], false],
    [{ Entrypoint: ['/bin/tool'] }, [stores, entries], false],
    [{ Entrypoint: ['/outside'] }, [stores, entries], false],
    [{ Entrypoint: ['/bin/round'] }, [stores, entries], false],
    [{ Entrypoint: ['tool'], Env: [`PATH=/bin:${program}/bin`] }, [stores, entries], false],
    [{ Entrypoint: [`${storePath(`${'9'.repeat(32)}-other`)}/bin/say`] }, [stores, entries], false],
    // The base may have another program there.
    [{ Entrypoint: ['/bin/say'] }, [foreign, stores, entries], false],
    [{ Entrypoint: ['say'], Env: [`PATH=/bin:${program}/bin`] }, [foreign, stores], false],
    // In a layer of the base, so it starts without any mount.
    [{ Entrypoint: [`${base}/bin/say`] }, [paths4, stores], false],
  ]
  for (const [config, layers, expected] of rows) {
    const found = await zeroCopySource(at, sourceOf(config, layers))
    t.equal(found !== undefined, expected, JSON.stringify([config, layers.map(({ kind }) => kind)]))
  }
})

void t.test('places of the store paths, and a name of its own', async (t) => {
  const at = await imageRoot(t)
  const given = sourceOf({ Entrypoint: [`${program}/bin/say`], Labels: { a: 'b' } }, [
    paths4,
    stores,
    entries,
  ])
  const found = await zeroCopySource(at, given)
  t.same(found?.mounts, [program, file], 'no link, and nothing that is in a layer')
  t.match(found?.source.config, { config: { Labels: { a: 'b', 'internal.pushless.zero-copy': root } } })
  const layers = found?.source.layers ?? []
  t.same(
    layers.map(({ kind }) => kind),
    ['paths', 'entries'],
  )
  const [, last] = layers
  const names = last?.kind === 'entries' ? [...last.entries].map(({ kind, name }) => `${kind} ${name}`) : []
  t.same(names.slice(0, 7), [
    'directory nix',
    'directory nix/store',
    `directory ${program.slice(1)}`,
    `file ${file.slice(1)}`,
    `symlink ${link.slice(1)}`,
    'directory bin',
    'symlink bin/say',
  ])
  t.equal(names.length, own.length + 3, 'each once')
})

void t.test('places are in memory where nothing else is in the store', async (t) => {
  const at = await imageRoot(t)
  const withoutLink = { ...at, closure: closure.filter(({ path }) => path !== link) }
  const config = { Entrypoint: [`${program}/bin/say`] }
  const database: SourceLayer = { kind: 'nix database', createdBy: 'database' }
  const rows: [found: typeof at, layers: readonly SourceLayer[], hasPlaces: boolean][] = [
    [withoutLink, [stores, entries], false],
    [withoutLink, [stores], false],
    [at, [stores, entries], true],
    [withoutLink, [foreign, stores, entries], true],
    [withoutLink, [paths4, stores, entries], true],
    [withoutLink, [stores, entries, database], true],
  ]
  for (const [found, layers, hasPlaces] of rows) {
    const made = await zeroCopySource(found, sourceOf(config, layers))
    const names = made?.source.layers.flatMap((layer) =>
      layer.kind === 'entries' ? [...layer.entries].map(({ name }) => name) : [],
    )
    t.equal(made?.hasPlaces, hasPlaces)
    t.equal(names?.includes(asByteString(program.slice(1))), hasPlaces, JSON.stringify(layers))
    t.ok(made?.mounts.includes(program))
  }
})

void t.test('an image with a link whose name would delete a file', async (t) => {
  const at = await imageRoot(t)
  for (const name of ['.wh.say', 'bin/.wh.say']) {
    const layer: SourceLayer = { ...entries, entries: [...own, linkTo(name, `${program}/bin/say`)] }
    const given = sourceOf({ Entrypoint: [`${program}/bin/say`] }, [stores, layer])
    t.equal(await zeroCopySource(at, given), undefined, name)
  }
})

void t.test('an image that was made elsewhere', async (t) => {
  const at = await imageRoot(t)
  const given: Source = { ...sourceOf({}, [stores]), config: { kind: 'given', bytes: Buffer.from('{}') } }
  t.equal(await zeroCopySource(at, given), undefined)
})
