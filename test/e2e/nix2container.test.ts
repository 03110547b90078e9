/** Images of nix2container: one that it made itself, and others in its format. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { execa } from 'execa'
import t from 'tap'
import { extract } from 'tar-stream'
import { pullAll, pullManifest, sha256 } from './client.ts'
import { sourceConforms } from './source-conformance.ts'
import { CONFIG_DIGEST, nix2containerJson, nix2containerPaths } from '../fixtures/nix2container.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { busybox, shape } from '../support/nix.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { storeFile } from '../support/store-file.ts'
import { NOT_RECORDED, TAR, imageOf, pathsLayer } from './nix2container-image.ts'

const skip = missing('nix')

void t.test('the recorded digests are served', { skip }, async (t) => {
  const paths = await nix2containerPaths()
  const json = await nix2containerJson()
  const recorded = JSON.parse(json) as { layers: { digest: string; size: number }[] }
  const { url } = await sharedPushless()
  const { manifest } = await pullManifest(
    url,
    await storeFile('image-golden.json', json, { references: paths }),
  )
  t.strictSame(
    manifest.layers.map(({ digest, size }) => ({ digest, size })),
    recorded.layers.map(({ digest, size }) => ({ digest, size })),
  )
  t.equal(manifest.config.digest, CONFIG_DIGEST)
})

void t.test('an image of packages, a root, owners and a base', { skip }, async (t) => {
  const shell = await busybox()
  const root = await makeStorePath('nix2container-home', async (path) => {
    await mkdir(join(path, 'home/app'), { recursive: true })
    await writeFile(join(path, 'home/app/data'), 'data\n')
    await execa('ln', ['-s', `${shell}/bin`, join(path, 'bin')])
  })
  // As skopeo's `dir:` holds a base image: blobs named by their digest, compressed.
  const { stdout: tar } = await execa(
    'tar',
    ['--sort=name', '--mtime=@1', '--owner=0', '--group=0', '-cf', '-', '-C', root, 'home'],
    { encoding: 'buffer' },
  )
  const blob = gzipSync(tar)
  const name = sha256(blob).replace('sha256:', '')
  const base = await makeStorePath('docker-image-base', async (path) => {
    await mkdir(path)
    await writeFile(join(path, name), blob)
  })
  const path = await imageOf(
    [
      {
        digest: sha256(blob),
        size: 0,
        diff_ids: sha256(tar),
        mediatype: `${TAR}+gzip`,
        'layer-path': `${base}/${name}`,
        History: {},
      },
      pathsLayer([{ path: shell }]),
      pathsLayer([
        {
          path: root,
          options: {
            rewrite: { regex: `^${root}`, repl: '' },
            perms: [
              { regex: '/home/app', mode: '0700', uid: 1000, gid: 100, uname: '', gname: '' },
              { regex: '/data$', mode: '', uid: 1000, gid: 1000, uname: 'app', gname: '' },
            ],
          },
        },
      ]),
    ],
    [shell, root, base],
    { 'image-config': { Entrypoint: ['/bin/stat', '-c', '%u:%g %a %n', '/home/app', '/home/app/data'] } },
  )
  await sourceConforms(t, { path, prints: '1000:100 700 /home/app\n1000:1000 700 /home/app/data' })

  const { url } = await sharedPushless()
  const { manifest } = await pullManifest(url, path)
  t.match(
    manifest.layers[0],
    { digest: sha256(blob), mediaType: `${TAR}+gzip`, size: blob.length },
    'the base is a slice',
  )
  const config = JSON.parse(String((await pullAll(url, path)).get(manifest.config.digest))) as object
  t.match(config, {
    rootfs: { diff_ids: [sha256(tar), ...manifest.layers.slice(1).map(({ digest }) => digest)] },
    history: [
      {},
      { created_by: 'nix2container', comment: `nix2container recorded ${NOT_RECORDED}` },
      { created_by: 'nix2container', comment: `nix2container recorded ${NOT_RECORDED}` },
    ],
  })
  const layer = (await pullAll(url, path)).get(manifest.layers.at(-1)?.digest ?? '') ?? Buffer.alloc(0)
  const reader = extract()
  reader.end(layer)
  const names: string[] = []
  for await (const entry of reader) {
    names.push(`${entry.header.name} ${entry.header.uname}`)
    entry.resume()
  }
  t.strictSame(names, ['/ root', '/bin root', '/home root', '/home/app root', '/home/app/data app'])
})

/**
 * Against the program itself, which isn't part of this project nor fetched by it: whoever has built it
 * (github.com/nlewo/nix2container) names it in NIX2CONTAINER.
 */
const program = process.env['NIX2CONTAINER']
const withoutProgram = program ? skip : 'needs nix2container: NIX2CONTAINER names no program'

void t.test('every shape of path, as nix2container itself writes it', { skip: withoutProgram }, async (t) => {
  const directory = await temporaryDirectory(t, 'nix2container')
  const run = async (args: readonly string[]) =>
    promisify(execFile)(program ?? '', [...args], { cwd: directory })
  const write = async (name: string, value: unknown) =>
    writeFile(join(directory, name), JSON.stringify(value))
  await write('config.json', { Env: ['A=<&>'] })
  const { url } = await sharedPushless()
  for (const name of [
    'symlinks',
    'files',
    'longPaths',
    'utf8',
    'invalidUtf8',
    'plainFile',
    'symlinkItself',
    'plus',
  ] as const) {
    const path = await shape(name)
    await write('graph.json', [{ path, references: [], narSize: 1, closureSize: 1 }])
    await write('perms.json', [
      { path, regex: '.*', mode: '0644', uid: 1000, gid: 4_000_000, uname: 'ü'.repeat(30) },
      { path, regex: '[a-f]+$', mode: '4755', uid: 5, gid: 6, gname: 'six' },
    ])
    await write('rewrites.json', [{ path, regex: `^${path}`, repl: '' }])
    const common = ['layers-from-reproducible-storepaths', 'layers.json', 'graph.json']
    for (const options of [[], ['--perms', 'perms.json'], ['--rewrites', 'rewrites.json']]) {
      await run([...common, ...options])
      await run(['image', 'image.json', 'config.json', 'layers.json', '--arch', 'amd64'])
      const json = await readFile(join(directory, 'image.json'), 'utf8')
      const { layers } = JSON.parse(json) as { layers: { digest: string }[] }
      const { manifest } = await pullManifest(
        url,
        await storeFile('image-shape.json', json, { references: [path] }),
      )
      t.strictSame(
        manifest.layers.map(({ digest }) => digest),
        layers.map(({ digest }) => digest),
        `${name} ${options.join(' ')}`,
      )
    }
  }
})
