/** The same images from `/nix/store` and from a copy of the store in another directory. */
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { storeDirectory } from '../../src/core/nix/store-directory.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { parseDigest } from '../../src/core/oci/digest.ts'
import { StoreReader } from '../../src/layer/store-reader.ts'
import type { Registry } from '../../src/registry/registry.ts'
import type { Store } from '../../src/store/store.ts'
import { FrameFiles } from '../../src/registry/state/frame-files.ts'
import { UnpackCache } from '../../src/unpack/unpack-cache.ts'
import { everyShape } from '../e2e/every-shape.ts'
import { instantiate, realise, shellDerivation, withoutNix } from '../nix/real-store.ts'
import { storePath } from '../store-path.ts'
import { archiveFixture, busybox, shape } from '../support/nix.ts'
import { RUN, bytesOf, json, referenceTo, registryOf, store } from './real-registry.ts'

/** A registry whose store has these paths and all that they need, copied to another directory. */
async function elsewhere(t: Test, roots: readonly StorePath[]) {
  const base = await realpath(t.testdir({ store: {}, unpacked: {} }))
  const directory = join(base, 'store')
  const closures = await Promise.all(roots.map((root) => store.closure(root)))
  const paths = new Set(closures.flat().map((info) => info.path))
  // Not Node's cp, which takes no names that aren't UTF-8.
  await execa('cp', ['-a', '-t', directory, '--', ...paths])
  const moved: Store = {
    name: 'elsewhere',
    directory: storeDirectory(directory),
    connect: () => store.connect(),
    ping: () => store.ping(),
    pathFromHash: (hash) => store.pathFromHash(hash),
    isValid: (path) => store.isValid(path),
    valid: (paths) => store.valid(paths),
    info: (path) => store.info(path),
    narHash: (path) => store.narHash(path),
    closure: (root) => store.closure(root),
    derivers: (path) => store.derivers(path),
    derivation: (path) => store.derivation(path),
    missing: (wanted) => store.missing(wanted),
    fetch: (path, onEvent, signal) => store.fetch(path, onEvent, signal),
    build: (derivation, output, onEvent, signal) => store.build(derivation, output, onEvent, signal),
    add: (addition, signal) => store.add(addition, signal),
    openRoots: () => store.openRoots(),
    addRoot: async () => undefined,
    close: () => undefined,
  }
  const reader = new StoreReader(1, moved.directory)
  t.teardown(() => reader.close())
  const notes = { note: () => undefined, putNote: () => undefined }
  const { registry } = registryOf(t, {
    store: moved,
    reader,
    servePackages: true,
    frames: new FrameFiles(join(base, 'frames')),
    archives: {
      cache: new UnpackCache(join(base, 'unpacked'), 1e9, moved.directory),
      notes,
      narHash: (path) => store.narHash(path),
    },
  })
  return { registry, directory }
}

/** The manifest and all blobs of an image. */
async function contentOf(registry: Registry, root: StorePath): Promise<readonly Buffer[]> {
  const reference = referenceTo(root)
  const { bytes } = await registry.manifest(reference, { kind: 'tag', tag: 'nix' })
  const { layers, config } = json(bytes) as {
    layers: { digest: string }[]
    config: { digest: string }
  }
  const blobs: Buffer[] = []
  for (const { digest } of [config, ...layers])
    blobs.push(await bytesOf(await registry.blob(reference, parseDigest(digest))))
  return [Buffer.from(bytes), ...blobs]
}

/** An image that links shapes to its root, and copies one as an extra directory. */
async function pushlessImage(): Promise<StorePath> {
  const [links, files] = [await shape('symlinks'), await shape('files')]
  const document = {
    pushless: 1,
    name: 'app',
    architecture: 'amd64',
    os: 'linux',
    config: {},
    contents: [links],
    extraDirectories: [{ source: files, to: '/copied', directoryMode: '0755' }],
    files: { '/text': { text: 'x' } },
    maxLayers: 5,
  }
  const text = JSON.stringify(document).replaceAll('"', '\\"')
  const inputs = `inputs = [ (builtins.storePath ${links}) (builtins.storePath ${files}) ];`
  const name = `elsewhere-${RUN}.json`
  const [path] = await realise(await instantiate(shellDerivation(name, `echo "${text}" > $out`, inputs)))
  if (path === undefined) throw new Error('no path')
  return path
}

void t.test('where the store is changes no byte of an image', { skip: withoutNix }, async (t) => {
  const roots = [
    storePath((await everyShape()).script),
    storePath(await archiveFixture('buildImage', 'gz')),
    storePath(await archiveFixture('buildLayeredImage', 'none')),
    await pushlessImage(),
    storePath(await busybox()),
  ]
  const here = registryOf(t, { servePackages: true }).registry
  const there = await elsewhere(t, roots)
  for (const root of roots) {
    const [expected, found] = [await contentOf(here, root), await contentOf(there.registry, root)]
    t.ok(expected.length > 1)
    t.ok(
      expected.length === found.length && expected.every((bytes, i) => found[i]?.equals(bytes) === true),
      root,
    )
  }
})

void t.test('files are read from the directory of the store alone', { skip: withoutNix }, async (t) => {
  const root = storePath(await busybox())
  const { registry, directory } = await elsewhere(t, [root])
  const name = `${root.slice('/nix/store/'.length)}/etc/changed`
  await mkdir(join(directory, name, '..'), { recursive: true })
  await writeFile(join(directory, name), 'only in the copy')
  const content = Buffer.concat(await contentOf(registry, root))
  t.ok(content.includes('only in the copy'))
  await t.rejects(readFile(`/nix/store/${name}`))
})
