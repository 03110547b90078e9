/** Images of dockerTools.streamLayeredImage, compared with what Python's tarfile and json make of the same conf. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { execa } from 'execa'
import t from 'tap'
import { imageName, pullAll, pullManifest, refusal, repositoryUrl, sha256 } from './client.ts'
import { sourceConforms } from './source-conformance.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { busybox, nixStore, shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import {
  customisationLayer,
  streamedArchive,
  streamedImage,
  type StreamedImage,
} from '../support/streamed-image.ts'

const skip = missing('nix', 'python3')
const SHAPES = [
  'symlinks',
  'files',
  'longPaths',
  'utf8',
  'invalidUtf8',
  'plainFile',
  'symlinkItself',
  'plus',
] as const

/** Paths of every shape, in layers of one, two and all the others. */
async function everyShape(fields: object = {}): Promise<StreamedImage> {
  const shell = await busybox()
  const shapes: string[] = []
  for (const name of SHAPES) shapes.push(await shape(name))
  const rest = (await nixStore('--query', '--requisites', ...shapes)).filter((path) => !shapes.includes(path))
  const customisation = await customisationLayer({ bin: `${shell}/bin`, 'etc/deep/link': shapes[0] ?? '' })
  return streamedImage(
    {
      store_layers: [[shell], shapes.slice(0, 2), [...shapes.slice(2), ...rest]],
      customisation_layer: customisation,
      config: {
        Entrypoint: ['/bin/echo'],
        Cmd: ['héllo', '<&>'],
        Env: ['A=1', 'B=2', 'A=3'],
        Labels: { empty: '', quote: '"\\\u007f\u0001' },
        ExposedPorts: {},
        Healthcheck: null,
      },
      ...fields,
    },
    [shell, ...shapes, ...rest, customisation],
  )
}

void t.test('a streamed image', { skip }, async (t) => {
  const { script, conf } = await everyShape()
  const archive = await streamedArchive(t, conf)
  await sourceConforms(t, { path: script, original: `docker-archive:${archive}`, prints: 'héllo <&>' })
  const { url } = await startPushless(t)

  await t.test('its image ID and digests are those of the archive', async (t) => {
    const { manifest } = await pullManifest(url, script)
    const { stdout } = await execa('tar', ['-xOf', archive, 'manifest.json'])
    const [{ Config, Layers }] = JSON.parse(stdout) as [{ Config: string; Layers: string[] }]
    t.equal(manifest.config.digest, `sha256:${Config.replace('.json', '')}`)
    t.strictSame(
      manifest.layers.map(({ digest }) => `${digest.replace('sha256:', '')}/layer.tar`),
      Layers,
    )
  })
  await t.test('the conf alone is the same image', async (t) => {
    t.equal((await pullManifest(url, conf)).digest, (await pullManifest(url, script)).digest)
  })
  await t.test('its own tag names it', async (t) => {
    t.equal((await pullManifest(url, script, 'tag-1')).digest, (await pullManifest(url, script)).digest)
    const other = await fetch(`${repositoryUrl(url, script)}/manifests/tag-2`)
    t.match(await refusal(other), { status: 404, code: 'MANIFEST_UNKNOWN' })
  })
})

void t.test('owners and times', { skip }, async (t) => {
  const { script, conf } = await everyShape({
    uid: 1000,
    gid: '3000000',
    uname: 'jörg',
    gname: 'g'.repeat(40),
    created: '2024-05-06T07:08:09+02:00',
    mtime: '2001-09-09T01:46:40Z',
  })
  const archive = await streamedArchive(t, conf)
  const { url } = await startPushless(t)
  // The same paths in another style first: what is remembered of those layers isn't true of these.
  await pullManifest(url, (await everyShape()).script)
  const { manifest } = await pullManifest(url, script)
  t.match((await execa('tar', ['-tf', archive])).stdout, manifest.config.digest.replace('sha256:', ''))
})

void t.test('now stands for the first second', { skip }, async (t) => {
  const { url } = await startPushless(t)
  const { script: now } = await everyShape({ created: 'now', mtime: 'now' })
  const { script: first } = await everyShape()
  t.equal((await pullManifest(url, now)).digest, (await pullManifest(url, first)).digest)
})

void t.test('upon a docker archive, plain and compressed', { skip }, async (t) => {
  const { url } = await startPushless(t)
  const { conf: below } = await everyShape({ config: { Env: ['A=base', 'PATH=/base'], Cmd: ['/base'] } })
  const plain = await readFile(await streamedArchive(t, below))
  const customisation = await customisationLayer({ added: '/nix' })
  for (const [name, bytes] of [
    ['base.tar', plain],
    ['base.tar.gz', gzipSync(plain)],
  ] as const) {
    const base = await makeStorePath(name, (path) => writeFile(path, bytes))
    const { script, conf } = await streamedImage(
      { from_image: base, customisation_layer: customisation, config: { Env: ['B=own', 'A=own'] } },
      [base, customisation],
    )
    const archive = await streamedArchive(t, conf)
    const { manifest } = await pullManifest(url, script)
    const { stdout } = await execa('tar', ['-tf', archive])
    t.match(stdout, manifest.config.digest.replace('sha256:', ''), `${name}: the image ID too`)
    await pullAll(url, script)
  }
  const broken = await makeStorePath('base.tar', (path) =>
    writeFile(path, plain.subarray(0, plain.length / 2)),
  )
  const { script } = await streamedImage({ from_image: broken, customisation_layer: customisation }, [
    broken,
    customisation,
  ])
  const got = await refusal(await fetch(`${repositoryUrl(url, script)}/manifests/nix`))
  t.match(got, { status: 500, message: /base\.tar/ })
})

void t.test('upon another streamed image', { skip }, async (t) => {
  const { conf: base } = await everyShape({ config: { Env: ['A=base', 'PATH=/base'], Cmd: ['/base'] } })
  const customisation = await customisationLayer({ added: '/nix' })
  const { script, conf } = await streamedImage(
    { from_image: base, customisation_layer: customisation, config: { Env: ['B=own', 'A=own'] } },
    [base, customisation],
  )
  const { url } = await startPushless(t)
  const below = await pullManifest(url, base)
  const { manifest } = await pullManifest(url, script)
  t.strictSame(
    manifest.layers.slice(0, -1).map(({ digest }) => digest),
    below.manifest.layers.map(({ digest }) => digest),
  )
  const config = JSON.parse(String((await pullAll(url, conf)).get(manifest.config.digest))) as object
  t.match(config, { config: { Env: ['A=own', 'PATH=/base', 'B=own'] } }, 'only the environment is taken over')
  t.notMatch(config, { config: { Cmd: ['/base'] } })
})

void t.test('what cannot be served says why', { skip }, async (t) => {
  const { url } = await startPushless(t)
  const shell = await busybox()
  const secret = await makeStorePath('streamed-secret', (path) => writeFile(path, 'secret\n'))
  const customisation = await customisationLayer({ bin: `${shell}/bin` })
  const leading = await makeStorePath('streamed-leading-out', async (path) => {
    await execa('mkdir', [path])
    await execa('ln', ['-s', '/etc/passwd', join(path, 'layer.tar')])
    await writeFile(join(path, 'checksum'), '0'.repeat(64))
  })
  const through = await makeStorePath('streamed-through', async (path) => {
    await execa('mkdir', [path])
    await execa('ln', ['-s', secret, join(path, 'layer.tar')])
    await writeFile(join(path, 'checksum'), sha256('secret\n').replace('sha256:', ''))
  })
  const unlike = await makeStorePath('streamed-false', async (path) => {
    await execa('mkdir', [path])
    await writeFile(join(path, 'layer.tar'), 'content')
    await writeFile(join(path, 'checksum'), '0'.repeat(64))
  })
  const good = { customisation_layer: customisation, store_layers: [[shell]] }
  const rows: [
    what: string,
    fields: Readonly<Record<string, unknown>>,
    references: string[],
    says: RegExp,
  ][] = [
    [
      'a stranger',
      { ...good, store_layers: [[secret]] },
      [customisation],
      /streamed-secret, which is not in its closure/,
    ],
    ['a strange customisation', { ...good, customisation_layer: secret }, [shell], /no customisation layer/],
    [
      'one out of the store',
      { ...good, customisation_layer: leading },
      [shell, leading],
      /no customisation layer/,
    ],
    [
      'one in a stranger',
      { ...good, customisation_layer: through },
      [shell, through],
      /streamed-secret, which is not in its closure/,
    ],
    [
      'one with another sum',
      { ...good, customisation_layer: unlike },
      [shell, unlike],
      /is said to be sha256:0+, and is/,
    ],
    [
      'no store path',
      { ...good, store_layers: [['/etc/passwd']] },
      [customisation],
      /not a store path: \/etc\/passwd/,
    ],
    [
      'below a store path',
      { ...good, store_layers: [[`${shell}/bin`]] },
      [shell, customisation],
      /not a store path/,
    ],
    ['a base that is none', { ...good, from_image: shell }, [shell, customisation], /its base is no image/],
    ['a strange base', { ...good, from_image: secret }, [shell, customisation], /its base is no image/],
    [
      'another store',
      { ...good, store_dir: '/gnu/store' },
      [shell, customisation],
      /not the conf of a streamed image/,
    ],
    ['no time', { ...good, mtime: 'yesterday' }, [shell, customisation], /not the conf of a streamed image/],
    [
      'a time before all',
      { ...good, mtime: '1969-12-31T23:59:59Z' },
      [shell, customisation],
      /no time that a file/,
    ],
    [
      'an impossible time',
      { ...good, mtime: '1970-99-99T00:00:00Z' },
      [shell, customisation],
      /no time that a file/,
    ],
    [
      'an owner without number',
      { ...good, uid: 'root' },
      [shell, customisation],
      /not the conf of a streamed image/,
    ],
    ['no list', { ...good, store_layers: 'all' }, [shell, customisation], /not the conf of a streamed image/],
  ]
  for (const [what, fields, references, says] of rows) {
    const { script, conf } = await streamedImage(fields, references)
    for (const path of [script, conf]) {
      const got = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))
      t.equal(got.status, 500, what)
      t.match(got.message, says, what)
      t.notMatch(got.message, /\n/)
    }
  }
})

void t.test('a script that names a conf without referring to it', { skip }, async (t) => {
  const { url } = await startPushless(t)
  const { conf } = await everyShape()
  // Added as a source, so that Nix knows of no reference.
  const script = await makeStorePath('stream-stranger', (path) =>
    writeFile(path, `#!/bin/sh\nexec stream ${conf} "$@"\n`),
  )
  const got = await refusal(await fetch(`${repositoryUrl(url, script)}/manifests/nix`))
  t.match(got.message, /streamed-conf\.json, which is not in its closure/)
})

void t.test('what only looks like one is no image', { skip }, async (t) => {
  const { url } = await startPushless(t)
  const { conf } = await everyShape()
  const other = await makeStorePath('other-conf.json', (path) => writeFile(path, '{"a": 1}'))
  for (const [what, text] of [
    ['no script', `exec stream ${conf}\n`],
    ['two confs', `#!/bin/sh\nexec stream ${conf} ${other}\n`],
    ['a longer name', `#!/bin/sh\nexec stream ${conf}x\n`],
    ['a conf of something else', `#!/bin/sh\nexec serve ${other}\n`],
    ['a conf that is gone', `#!/bin/sh\nexec serve /nix/store/${'0'.repeat(32)}-gone-conf.json\n`],
  ] as const) {
    const path = await makeStorePath('looks-like-a-stream', (file) => writeFile(file, text))
    const got = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))
    t.equal(got.status, 404, `${what}: ${imageName(path)}`)
  }
})
