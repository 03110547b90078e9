/** Images that are a description in JSON, wrong in every way that reaches further than itself, through the server. */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { refusedAll, type BrokenImage } from './refusals.ts'
import { instantiate, makeStorePath, realise, shellDerivation } from '../nix/real-store.ts'
import { archiveFiles, imageConfig } from '../support/docker-archive.ts'
import { busybox, only } from '../support/nix.ts'
import { rawTar } from '../support/raw-tar.ts'
import { missing } from '../support/requirement.ts'
import { storeFile } from '../support/store-file.ts'
import { customisationLayer } from '../support/streamed-image.ts'

const skip = missing('nix')
const NOWHERE = `/nix/store/${'0'.repeat(32)}-nowhere`
const OUTSIDE = /which is not in its closure/
const DIGEST = `sha256:${'0'.repeat(64)}`
/** Read in a moment; written again, it would be more than a stack holds. */
const DEEP = '['.repeat(200_000) + ']'.repeat(200_000)
const deep = (value: object): string => JSON.stringify(value).replace('"deep"', DEEP)

const layer = rawTar([{ name: 'file', content: Buffer.from('x') }])
const tarOf = (files: Readonly<Record<string, Uint8Array>>) =>
  rawTar(Object.entries(files).map(([name, content]) => ({ name, content })))
const source = (name: string, content: string | Buffer) =>
  makeStorePath(name, (path) => writeFile(path, content))

const PUSHLESS = {
  pushless: 1,
  name: 'broken',
  architecture: 'amd64',
  os: 'linux',
  config: {},
  contents: [],
  maxLayers: 60,
}

void t.test('broken: pushless image', { skip }, async (t) => {
  const secret = await source('broken-secret', 'secret\n')
  const broken = await source('broken-base.tar', tarOf(archiveFiles([layer])).subarray(0, 1000))
  const lying = await source('lying.tar', tarOf(archiveFiles([layer], { config: imageConfig([DIGEST]) })))
  const many = Array.from({ length: 127 }, (_, i) => rawTar([{ name: String(i) }]))
  const high = await source('high.tar', tarOf(archiveFiles(many)))
  const out = await makeStorePath('broken-links', async (path) => {
    await mkdir(path)
    await symlink('/etc', join(path, 'etc'))
  })
  let chain = await storeFile('chain-0.json', JSON.stringify(PUSHLESS))
  for (let i = 1; i <= 21; i++)
    chain = await storeFile(`chain-${i}.json`, JSON.stringify({ ...PUSHLESS, fromImage: chain }), {
      references: [chain],
    })
  const rows: readonly (readonly [
    what: string,
    json: object | string,
    references: string[],
    says: RegExp,
  ])[] = [
    ['a path that is nowhere', { contents: [NOWHERE] }, [], /nowhere/],
    ['a base that is nowhere', { fromImage: NOWHERE }, [], /nowhere, which is not in its closure/],
    ['a base outside of its closure', { fromImage: secret }, [], /broken-secret/],
    ['a base that is no image', { fromImage: secret }, [secret], /base is no image: .*broken-secret/],
    [
      'a base that is cut off',
      { fromImage: broken },
      [broken],
      /broken-base\.tar: (?:a truncated tar|breaks off)/,
    ],
    ['a base that lies', { fromImage: lying }, [lying], /has the diff_id sha256:0+ for a layer that is/],
    ['127 layers and its own', { fromImage: high }, [high], /12[89] layers/],
    ['a chain of bases', { fromImage: chain }, [chain], /images.* upon/],
    ['a file of another path', { files: { '/x': { source: secret } } }, [], OUTSIDE],
    [
      'a file through a link out',
      { files: { '/x': { source: `${out}/etc/passwd` } } },
      [out],
      /not a file in the closure/,
    ],
    [
      'a file with NUL in its source',
      { files: { '/x': { source: `${out}/\0` } } },
      [out],
      /not a file in the closure of the image/,
    ],
    [
      'a file with NUL in its name',
      { files: { '/x\0y': { text: '' } } },
      [],
      /not a path that an image can hold/,
    ],
    ['a link with NUL', { links: { '/x': 'a\0b' } }, [], /not a target that a link can have: \/x: a b/],
    ['a file that climbs', { files: { '/../../x': { text: '' } } }, [], /not a path that an image can hold/],
    ['a file in the store', { files: { '/nix/store/x': { text: '' } } }, [], /not the image's to write to/],
    ['a name of several lines', { contents: ['/a\nb'] }, [], /not a store path|\/a b/],
    ['a name of a megabyte', { contents: [`/${'x'.repeat(1e6)}`] }, [], /xxx/],
    ['a config that is very deep', deep({ ...PUSHLESS, config: { Labels: 'deep' } }), [], /nested too deep/],
    ['a config that is a list', { config: [] }, [], /not a pushless image of version 1: \/config/],
  ]
  const images = rows.map(async ([what, json, references, says]): Promise<BrokenImage> => {
    const text = typeof json === 'string' ? json : JSON.stringify({ ...PUSHLESS, ...json })
    const path =
      references.length === 0
        ? await source('broken.json', text)
        : await storeFile('broken.json', text, { references })
    return { what, says, path }
  })
  await refusedAll(t, await Promise.all(images))
})

const one = (image: string, architecture = 'amd64') => ({ platform: { os: 'linux', architecture }, image })
const list = (...platforms: object[]) => JSON.stringify({ pushless: 1, name: 'broken', platforms })

void t.test('broken: image for several platforms', { skip }, async (t) => {
  const cut = await source('cut.tar', tarOf(archiveFiles([layer])).subarray(0, 1000))
  const sound = await source('sound.json', JSON.stringify(PUSHLESS))
  const nested = await storeFile('nested.json', list(one(cut)), { references: [cut] })
  const itself = await selfReferring(list(one('OUT')))
  await refusedAll(t, [
    {
      what: 'one is cut off',
      says: /cut\.tar/,
      path: await storeFile('a.json', list(one(cut)), { references: [cut] }),
    },
    {
      what: 'one of two is cut off',
      says: /cut\.tar.*for linux\/arm64/,
      path: await storeFile('b.json', list(one(sound), one(cut, 'arm64')), { references: [sound, cut] }),
    },
    {
      what: 'one is of another machine',
      says: /is said to be for linux\/arm64, and is linux\/amd64/,
      path: await storeFile('c.json', list(one(sound, 'arm64')), { references: [sound] }),
    },
    {
      what: 'a list in a list',
      says: /cut\.tar/,
      path: await storeFile('d.json', list(one(nested)), { references: [nested] }),
    },
    { what: 'itself', says: /has itself in its list/, path: itself },
    {
      what: 'no store path',
      says: /not the store path of an image/,
      path: await source('e.json', list(one('/nix/store/x'))),
    },
    { what: 'none', says: /platforms/, path: await source('f.json', list()) },
  ])
})

void t.test('broken: streamed image', { skip }, async (t) => {
  const [shell, customisation] = [await busybox(), await customisationLayer({ a: '/b' })]
  const conf = {
    architecture: 'amd64',
    config: {},
    created: 'now',
    store_layers: [],
    customisation_layer: customisation,
    repo_tag: 'a:b',
  }
  const cut = await source('cut.tar', tarOf(archiveFiles([layer])).subarray(0, 1000))
  const image = async (json: object | string) =>
    storeFile('broken-conf.json', typeof json === 'string' ? json : JSON.stringify({ ...conf, ...json }), {
      references: [shell, customisation, cut],
    })
  const layers = Array.from({ length: 127 }, () => [shell])
  await refusedAll(t, [
    { what: '128 layers', says: /128 layers/, path: await image({ store_layers: layers }) },
    { what: 'a base that is cut off', says: /cut\.tar/, path: await image({ from_image: cut }) },
    {
      what: 'a base that is nowhere',
      says: /nowhere, which is not in its closure/,
      path: await image({ from_image: NOWHERE }),
    },
    {
      what: 'lines in a path',
      says: /not a store path: \/a b/,
      path: await image({ store_layers: [['/a\nb']] }),
    },
    {
      what: 'a config that is very deep',
      says: /nested too deep/,
      path: await image(deep({ ...conf, config: { Labels: 'deep' } })),
    },
  ])
})

void t.test('broken: nix2container image', { skip }, async (t) => {
  const shell = await busybox()
  const file = {
    digest: DIGEST,
    size: 0,
    diff_ids: DIGEST,
    mediatype: 'application/vnd.oci.image.layer.v1.tar',
  }
  const image = async (layers: readonly object[], more: object = {}) => {
    const json = { version: 1, 'image-config': {}, layers, arch: 'amd64', ...more }
    return storeFile('broken-n2c.json', deep(json), { references: [shell] })
  }
  const stored = async (name: string, more: object) => image([{ ...file, 'layer-path': name, ...more }])
  const paths = Array.from({ length: 128 }, () => ({ ...file, paths: [{ path: shell }] }))
  await refusedAll(t, [
    { what: '128 layers', says: /128 layers/, path: await image(paths) },
    { what: 'NUL in a place', says: /no such layer/, path: await stored(`${shell}/\0`, {}) },
    { what: 'lines in a place', says: /no such layer/, path: await stored(`${shell}/a\nb`, {}) },
    {
      what: 'another digest',
      says: /is said to be sha256:0+, and is/,
      path: await stored(`${shell}/bin/busybox`, {}),
    },
    {
      what: 'a config that is very deep',
      says: /nested too deep/,
      path: await image([], { 'image-config': { Labels: 'deep' } }),
    },
  ])
})

/** With the file's own path where it says OUT. */
async function selfReferring(text: string): Promise<string> {
  const [before = '', after = ''] = text.split('OUT')
  const script = `echo -n '${before}' > $out; echo -n $out >> $out; echo -n '${after}' >> $out`
  return only(await realise(await instantiate(shellDerivation('itself.json', script))))
}
