import { asByteString } from '../../src/core/byte-string.ts'
import { mkdir, writeFile } from 'node:fs/promises'
import t from 'tap'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import type { Source } from '../../src/source/source.ts'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'
import { readImage } from '../support/read-image.ts'

const VALID = {
  pushless: 1,
  name: 'app',
  architecture: 'arm64',
  os: 'linux',
  config: { Entrypoint: ['/bin/app'], Labels: { a: 'b' } },
  contents: [],
  maxLayers: 60,
}

async function sourceOf(text: string): Promise<{ readonly path: StorePath; readonly source: Source }> {
  const path = await fileOf(text)
  return { path, source: await readImage(path) }
}

function fileOf(text: string): Promise<StorePath> {
  return makeStorePath('unit-image.json', (path) => writeFile(path, text))
}

void t.test('an image', { skip: withoutNix }, async (t) => {
  const { path, source } = await sourceOf(JSON.stringify(VALID))
  t.equal(source.format, 'pushless image')
  t.strictSame(source.config, {
    kind: 'made',
    platform: { architecture: 'arm64', os: 'linux' },
    config: VALID.config,
  })
  t.strictSame(source.layers[0], { kind: 'closure', maxLayers: 60, except: [path] })
  t.match(source.layers[1], { kind: 'entries', createdBy: 'root of app' })
  t.equal(source.layers.length, 2)
})

void t.test('an image with all that may be said', { skip: withoutNix }, async (t) => {
  const contents = await makeStorePath('unit-contents', (path) => mkdir(`${path}/bin`, { recursive: true }))
  const { source } = await sourceOf(
    JSON.stringify({
      ...VALID,
      architecture: 'arm',
      variant: 'v7',
      contents: [contents],
      files: { '/etc/x': { text: 'x', mode: '0600' } },
      links: { '/y': '/etc/x' },
      maxLayers: 1,
      planner: 2,
    }),
  )
  t.match(source.layers[0], { kind: 'closure', maxLayers: 1, planner: 2 })
  t.match(source.config, { platform: { architecture: 'arm', variant: 'v7', os: 'linux' } })
  const root = source.layers[1]
  const names = root?.kind === 'entries' ? [...root.entries].map(({ name }) => name) : []
  for (const name of ['bin', 'etc/x', 'y']) t.ok(names.includes(asByteString(name)), name)
})

void t.test('each broken field is named', { skip: withoutNix }, async (t) => {
  for (const [what, change, message] of [
    ['another version', { pushless: 2 }, /\/pushless/],
    ['a version that is no number', { pushless: '1' }, /\/pushless/],
    ['no name', { name: undefined }, /name/],
    ['a name that is no text', { name: 1 }, /\/name/],
    ['no architecture', { architecture: undefined }, /architecture/],
    ['an empty architecture', { architecture: '' }, /\/architecture/],
    ['another system', { os: 'windows' }, /\/os/],
    ['no config', { config: undefined }, /config/],
    ['a config that is a list', { config: [] }, /\/config/],
    ['no contents', { contents: undefined }, /contents/],
    ['contents that are no list', { contents: '/nix/store/x' }, /\/contents/],
    ['relative contents', { contents: ['bin'] }, /\/contents\/0/],
    ['contents outside the store', { contents: ['/etc'] }, /not a store path: \/etc/],
    [
      'contents below a store path',
      { contents: ['/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x/bin'] },
      /not a store path/,
    ],
    ['a planner of tomorrow', { planner: 3 }, /planner/],
    ['no number of layers', { maxLayers: undefined }, /maxLayers/],
    ['no layers', { maxLayers: 0 }, /\/maxLayers/],
    ['too many layers', { maxLayers: 121 }, /\/maxLayers/],
    ['half a layer', { maxLayers: 1.5 }, /\/maxLayers/],
    ['files that are no object', { files: [] }, /\/files/],
    ['a file that is no object', { files: { '/x': 'text' } }, /\/files/],
    ['a mode that is none', { files: { '/x': { text: '', mode: '0999' } } }, /\/files\/.*mode/],
    ['a mode as a number', { files: { '/x': { text: '', mode: 755 } } }, /\/files\/.*mode/],
    ['a relative source', { files: { '/x': { source: 'x' } } }, /\/files\/.*source/],
    [
      'a source of the serving machine',
      { files: { '/x': { source: '/etc/passwd' } } },
      /\/etc\/passwd: not a file in the closure of the image/,
    ],
    ['a file of a relative name', { files: { 'etc/x': { text: '' } } }, /files|etc\/x/],
    ['a file of a relative name that is no object', { files: { 'etc/x': 1 } }, /files|etc\/x/],
    ['an empty link', { links: { '/x': '' } }, /\/links/],
    ['a link of a relative name', { links: { x: '/y' } }, /links|: x/],
    ['a variant that is no text', { variant: 7 }, /\/variant/],
    ['a 13th month', { created: '2026-13-31T12:00:00Z' }, /created|no such day/],
    ['a 30th of February', { created: '2026-02-30T12:00:00Z' }, /created is 2026-02-30.*no such day/],
    ['a 25th hour', { created: '2026-01-31T25:00:00Z' }, /\/created/],
    ['a leap second', { created: '2016-12-31T23:59:60Z' }, /\/created/],
  ] as const) {
    const path = await fileOf(JSON.stringify({ ...VALID, ...change }))
    const failure: unknown = await readImage(path).catch((error: unknown) => error)
    t.match(failure, { name: 'RegistryError', kind: 'unservable', message }, what)
  }
})

void t.test('a path that isn’t an image is denied', { skip: withoutNix }, async (t) => {
  for (const [what, text] of [
    ['an empty file', ''],
    ['a text', 'hello'],
    ['other JSON', '{"name":"x"}'],
    ['a list', '[{"pushless":1}]'],
    ['broken JSON', '{"pushless":1'],
    ['JSON behind a blank', ` ${JSON.stringify(VALID)}`],
    ['null', 'null'],
    ['a large file', `{"pushless":1,"x":"${'x'.repeat(16 * 1024 * 1024)}"}`],
  ] as const) {
    const path = await fileOf(text)
    await t.rejects(
      readImage(path),
      { name: 'RegistryError', kind: 'denied', message: `not an image: ${path}` },
      what,
    )
  }
})

void t.test('a path that vanished is unavailable', async (t) => {
  const path = '/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-nobody-made-this' as StorePath
  await t.rejects(readImage(path), {
    name: 'RegistryError',
    kind: 'unavailable',
    message: `store path vanished: ${path}`,
  })
})

void t.test('a directory is a plain package', { skip: withoutNix }, async (t) => {
  const path = await makeStorePath('unit-package', (path) => mkdir(path))
  t.equal((await readImage(path)).format, 'package')
})
