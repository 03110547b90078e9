/** Bases that are images for several platforms, of every kind that there is of them. */
import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { readRoot } from '../support/read-image.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'
import { LayoutBuilder, of, tagged } from '../support/layout-builder.ts'
import { readImage } from '../support/read-image.ts'
import { customisationLayer } from '../support/streamed-image.ts'

const IMAGE = { pushless: 1, name: 'app', os: 'linux', config: {}, contents: [], maxLayers: 60 }
const write = (value: unknown, name = 'several.json') =>
  makeStorePath(name, (path) => writeFile(path, JSON.stringify(value)))

type Name = string | { readonly [key: string]: unknown }

/** `linux/arm/v7` as an entry. */
function entry(name: string, image: Name): object {
  const [os, architecture, variant] = name.split('/')
  const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) }
  return typeof image === 'string' ? { platform, image } : { platform, ...image }
}

const list = (platforms: Readonly<Record<string, Name>>) =>
  write({
    pushless: 1,
    name: 'list',
    platforms: Object.entries(platforms).map(([name, image]) => entry(name, image)),
  })

/** An image that says which it is. */
const one = (architecture: string, says: string = architecture) =>
  write({ ...IMAGE, architecture, config: { Env: [`BASE=${says}`] } })

function layout(fill: (builder: LayoutBuilder) => Promise<readonly object[]>): Promise<StorePath> {
  return makeStorePath('several', async (path) => {
    const builder = new LayoutBuilder(path)
    await builder.finish(await fill(builder))
  })
}

const image = async (builder: LayoutBuilder, architecture: string) =>
  of(architecture, await builder.image(architecture, [await builder.layer('base', architecture)]))

const upon = (fromImage: string, architecture: string, more: object = {}) =>
  write({ ...IMAGE, architecture, fromImage, ...more }, 'top.json')

void t.test('upon a list of platforms', { skip: withoutNix }, async (t) => {
  const [amd64, arm64, v6, v7] = [
    await one('amd64'),
    await one('arm64'),
    await one('arm', 'v6'),
    await one('arm', 'v7'),
  ]
  const base = await list({
    'linux/arm64': arm64,
    'linux/amd64': amd64,
    'linux/arm/v6': v6,
    'linux/arm/v7': v7,
  })
  const nested = await list({ 'linux/amd64': base })
  for (const [from, architecture, more, says, image] of [
    [base, 'amd64', {}, 'amd64', amd64],
    [base, 'arm64', {}, 'arm64', arm64],
    [base, 'arm', { variant: 'v7' }, 'v7', v7],
    [base, 'arm', {}, 'v6', v6],
    [nested, 'amd64', {}, 'amd64', amd64],
  ] as const) {
    const top = await upon(from, architecture, more)
    const { config, layers } = await readImage(top)
    t.match(config, { kind: 'made', platform: { architecture }, config: { Env: [`BASE=${says}`] } })
    t.strictSame(layers[0], { kind: 'closure', roots: [image], maxLayers: 60, except: [image] })
    t.match(layers[2], { kind: 'closure', except: [top, from] }, 'nothing of the list itself')
  }
})

void t.test('upon a layout of several platforms', { skip: withoutNix }, async (t) => {
  const plain = await layout(async (builder) => [
    await image(builder, 'arm64'),
    await image(builder, 'amd64'),
  ])
  const nested = await layout(async (builder) => [
    tagged('1', await builder.index([await image(builder, 'amd64'), await image(builder, 'arm64')])),
    tagged('2', await builder.index([await image(builder, 's390x')])),
  ])
  const inList = await list({ 'linux/amd64': plain, 'linux/arm64': plain })
  const layerOf = async (base: string, architecture: string, more: object = {}) => {
    const { layers } = await readImage(await upon(base, architecture, more))
    return layers[0]?.kind === 'stored' ? layers[0].digest : undefined
  }
  const first = await layerOf(plain, 'amd64')
  const second = await layerOf(plain, 'arm64')
  t.ok(first !== undefined && second !== undefined && first !== second)
  for (const base of [nested, inList]) {
    t.equal(await layerOf(base, 'amd64'), first)
    t.equal(await layerOf(base, 'arm64'), second)
  }
  t.match(await layerOf(nested, 's390x', { fromImageTag: '2' }), /^sha256:/, 'by its tag')
  await t.rejects(readRoot(await upon(nested, 's390x')), { message: /has no image for linux\/s390x/ })
})

void t.test('a streamed image, too', { skip: withoutNix }, async (t) => {
  const base = await list({ 'linux/arm64': await one('arm64'), 'linux/amd64': await one('amd64') })
  const conf = {
    architecture: 'arm64',
    config: {},
    created: 'now',
    store_layers: [],
    customisation_layer: await customisationLayer({ a: '/b' }),
    repo_tag: 'a:b',
    from_image: base,
  }
  t.match((await readImage(await write(conf, 'top-conf.json'))).config, { config: { Env: ['BASE=arm64'] } })
})

void t.test('no base among several', { skip: withoutNix }, async (t) => {
  const amd64 = await one('amd64')
  const noPlatforms = await layout(async (builder) => [
    await builder.index([await builder.image('amd64', [await builder.layer('base', 'x')])]),
  ])
  const nowhere = `/nix/store/${'0'.repeat(32)}-nowhere`
  const derivation = { derivation: `/nix/store/${'0'.repeat(32)}-app.json.drv`, output: 'out' }
  for (const [what, base, message] of [
    [
      'another platform',
      await list({ 'linux/amd64': amd64 }),
      /several\.json has no image for linux\/arm64, only for linux\/amd64$/,
    ],
    [
      'another layout',
      await layout(async (builder) => [await image(builder, 'amd64'), await image(builder, 's390x')]),
      /for linux\/arm64, only for linux\/amd64, linux\/s390x$/,
    ],
    ['a layout that says no platforms', noPlatforms, /has no image for linux\/arm64, and says no platforms$/],
    ['by derivation', await list({ 'linux/arm64': derivation }), /linux\/arm64 by derivation, not by path$/],
    ['one that lies', await list({ 'linux/arm64': amd64 }), /for arm64, upon a base for amd64$/],
    ['one that is nowhere', await list({ 'linux/arm64': nowhere }), /base is not there: .*nowhere$/],
    ['one that is no image', await list({ 'linux/arm64': await write({}) }), /base is no image: /],
  ] as const) {
    const top = await upon(base, 'arm64')
    await t.rejects(readRoot(top), { name: 'RegistryError', kind: 'unservable', message }, what)
  }
})
