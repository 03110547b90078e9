import type { Json } from '../../src/core/json.ts'
import { asByteString } from '../../src/core/byte-string.ts'
import { mkdir, writeFile } from 'node:fs/promises'
import t from 'tap'
import { filesOf } from '../support/read-image.ts'
import { digestOf } from '../../src/core/oci/digest.ts'
import { RegistryError } from '../../src/core/errors/errors.ts'
import { readBaseImage, type ReadBase } from '../../src/source/base-image.ts'
import { inherit } from '../../src/source/inheritance.ts'
import { pushlessImage } from '../../src/source/pushless-image.ts'
import type { Source } from '../../src/source/source.ts'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'
import { readImage } from '../support/read-image.ts'

type Config = { readonly [key: string]: Json }

void t.test('fields that an image inherits from its base', async (t) => {
  const rows: readonly (readonly [what: string, base: Config, own: Config, expected: Config])[] = [
    ['nothing said on either side', {}, {}, {}],
    [
      'variables by name, each in the place of the base’s',
      { Env: ['A=1', 'PATH=/bin', 'C=x=y'] },
      { Env: ['PATH=/own', 'D=4', 'C='] },
      { Env: ['A=1', 'PATH=/own', 'C=', 'D=4'] },
    ],
    ['variables of the base', { Env: ['A=1'] }, {}, { Env: ['A=1'] }],
    ['a value with line breaks', { Env: ['A=1\n2'] }, { Env: ['A=3\n4'] }, { Env: ['A=3\n4'] }],
    [
      'labels, ports and volumes joined',
      { Labels: { a: '1', b: '1' }, ExposedPorts: { '1/tcp': {} }, Volumes: { '/a': {} } },
      { Labels: { b: '2' }, ExposedPorts: { '2/tcp': {} }, Volumes: { '/b': {} } },
      {
        Labels: { a: '1', b: '2' },
        ExposedPorts: { '1/tcp': {}, '2/tcp': {} },
        Volumes: { '/a': {}, '/b': {} },
      },
    ],
    ['program and arguments', { Entrypoint: ['/e'], Cmd: ['c'] }, {}, { Entrypoint: ['/e'], Cmd: ['c'] }],
    [
      'arguments alone',
      { Entrypoint: ['/e'], Cmd: ['c'] },
      { Cmd: ['d'] },
      { Entrypoint: ['/e'], Cmd: ['d'] },
    ],
    [
      'another program without the arguments of the base’s',
      { Entrypoint: ['/e'], Cmd: ['c'], ArgsEscaped: true },
      { Entrypoint: ['/f'] },
      { Entrypoint: ['/f'] },
    ],
    ['no program', { Entrypoint: ['/e'], Cmd: ['c'] }, { Entrypoint: [] }, {}],
    ['no program, other arguments', { Entrypoint: ['/e'] }, { Entrypoint: [], Cmd: ['d'] }, { Cmd: ['d'] }],
    ['no arguments', { Entrypoint: ['/e'], Cmd: ['c'] }, { Cmd: [] }, { Entrypoint: ['/e'] }],
    [
      'the rest unless set',
      {
        User: 'a',
        WorkingDir: '/a',
        StopSignal: 'SIGINT',
        Healthcheck: { Test: ['NONE'] },
        Shell: ['/s'],
        X: 1,
      },
      { User: 'b' },
      {
        User: 'b',
        WorkingDir: '/a',
        StopSignal: 'SIGINT',
        Healthcheck: { Test: ['NONE'] },
        Shell: ['/s'],
        X: 1,
      },
    ],
    [
      'nothing that is null',
      { Entrypoint: null, Labels: null, Env: null },
      { Labels: { a: '1' } },
      { Labels: { a: '1' } },
    ],
    ['no triggers', { OnBuild: ['RUN x'] }, {}, {}],
  ]
  for (const [what, base, own, expected] of rows) t.strictSame(inherit(base, own), expected, what)
})

const IMAGE = {
  pushless: 1,
  name: 'app',
  architecture: 'amd64',
  os: 'linux',
  config: { Env: ['OWN=1'] },
  contents: [],
  maxLayers: 60,
}
const write = (value: unknown, name = 'upon-base.json') =>
  makeStorePath(name, (path) => writeFile(path, JSON.stringify(value)))

void t.test('upon a pushless image', { skip: withoutNix }, async (t) => {
  const bottom = await write({ ...IMAGE, name: 'bottom', config: { Env: ['B=1'], User: 'b' }, author: 'x' })
  const middle = await write({ ...IMAGE, name: 'middle', fromImage: bottom, config: { Env: ['M=1'] } })
  const top = await write({
    ...IMAGE,
    fromImage: middle,
    layers: [[bottom]],
    maxLayers: 9,
    nixDatabase: true,
  })
  const { format, config, layers } = await readImage(top)
  t.equal(format, 'pushless image')
  t.strictSame(config, {
    kind: 'made',
    platform: { architecture: 'amd64', os: 'linux' },
    config: { Env: ['B=1', 'M=1', 'OWN=1'], User: 'b' },
  })
  t.strictSame(
    layers.map((layer) => (layer.kind === 'closure' ? layer : layer.kind)),
    [
      { kind: 'closure', roots: [bottom], maxLayers: 60, except: [bottom] },
      'entries',
      { kind: 'closure', roots: [middle], maxLayers: 60, except: [middle, bottom] },
      'entries',
      { kind: 'closure', roots: [bottom], maxLayers: 1, except: [] },
      { kind: 'closure', maxLayers: 8, except: [top, middle] },
      'entries',
      'nix database',
    ],
  )
})

/** What a sibling kind would give: a config made elsewhere, and a blob. */
function given(config: unknown): Source {
  return {
    kind: 'image',
    format: 'pushless image',
    config: { kind: 'given', bytes: Buffer.from(JSON.stringify(config)) },
    layers: [
      {
        kind: 'stored',
        place: { file: asByteString('/nix/store/x'), offset: 0, length: 1 },
        digest: digestOf(Buffer.from('x')),
        createdBy: 'elsewhere',
      },
    ],
  }
}
const GIVEN = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }

const readUpon = async (base: () => Promise<Source | undefined>, change = {}, depth = 0) => {
  const below = await write({ ...IMAGE, name: 'below' }, 'below.json')
  const value = { ...IMAGE, fromImage: below, fromImageTag: 'a:1', ...change }
  const path = await write(value)
  const asked: unknown[] = []
  const readBase: ReadBase = (from, wanted) => {
    asked.push([from === below, wanted.tag])
    return readBaseImage({ path, depth, find: base }, from, wanted)
  }
  const source = pushlessImage(path, value, { readBase, files: filesOf(path) })
  return { path, below, asked, source: await source }
}

void t.test('upon a config that was made elsewhere', { skip: withoutNix }, async (t) => {
  const { source, asked } = await readUpon(async () =>
    given({ ...GIVEN, author: 'them', config: { Env: ['A=1'], Cmd: ['sh'], Labels: null } }),
  )
  t.strictSame(asked, [[true, 'a:1']], 'the tag is handed on')
  t.match(source?.config, { kind: 'made', config: { Env: ['A=1', 'OWN=1'], Cmd: ['sh'] } })
  t.notMatch(source?.config, { author: 'them' })
  t.equal(source?.layers[0]?.kind, 'stored')
  const root = source?.layers.at(-1)
  const names = root?.kind === 'entries' ? [...root.entries].map(({ name }) => name) : []
  t.strictSame(names, ['nix', 'nix/store'], 'nothing over the base’s users')
  const { source: bare } = await readUpon(async () => given(GIVEN))
  t.match(bare?.config, { config: { Env: ['OWN=1'] } }, 'a config without `config`')
})

void t.test('a base that can’t be one', { skip: withoutNix }, async (t) => {
  for (const [what, base, message, depth] of [
    [
      'another architecture',
      async () => given({ ...GIVEN, architecture: 'arm64' }),
      /for amd64, upon a base for arm64/,
      0,
    ],
    ['a broken config', async () => given({ ...GIVEN, rootfs: 1 }), /not an image config/, 0],
    ['no image', async () => undefined, /its base is no image/, 0],
    [
      'no such tag',
      async () => Promise.reject(new RegistryError('manifest-unknown', 'no such tag')),
      /no such tag/,
      0,
    ],
    [
      'a package',
      async (): Promise<Source> => ({ ...given(GIVEN), format: 'package' }),
      /its base is no image/,
      0,
    ],
    ['too many', async () => given(GIVEN), /more than 20 images, each upon another/, 20],
  ] as const) {
    await t.rejects(readUpon(base, {}, depth), { name: 'RegistryError', kind: 'unservable', message }, what)
  }
  for (const kind of ['unavailable', 'denied'] as const) {
    const error = new RegistryError(kind, 'gone, or not to be served')
    await t.rejects(
      readUpon(async () => Promise.reject(error)),
      error,
      'what is said of the base is said of the image',
    )
  }
})

void t.test(
  'a copied tree is in the store only where something wants it there',
  { skip: withoutNix },
  async (t) => {
    const tree = await makeStorePath('copied-tree', (path) => mkdir(path))
    const extraDirectories = [{ source: tree, to: '/', directoryMode: '0755' }]
    const closureOf = async (more: object): Promise<unknown> => {
      const { layers } = await readImage(await write({ ...IMAGE, extraDirectories, ...more }))
      return layers.findLast(({ kind }) => kind === 'closure')
    }
    t.match(await closureOf({}), { unpacked: [tree], except: [/upon-base/, tree] })
    t.notMatch(await closureOf({ contents: [tree] }), { unpacked: [tree] })
    t.notMatch(await closureOf({ layers: [[tree]] }), { unpacked: [tree] })
  },
)
