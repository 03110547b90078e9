/** The registry's image as it is published: for two architectures, small, described, and ready as soon as it runs. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { execa } from 'execa'
import { extract } from 'tar-stream'
import t from 'tap'
import { pullManifest } from './client.ts'
import { nixEnv, shape } from '../support/nix.ts'
import { signedCache } from '../support/signed-cache.ts'
import { startPushless } from '../support/registry-process.ts'
import { until } from './until.ts'
import { checkParts, makeImage } from '../../scripts/registry-image/make-image.ts'
import { writeLayout } from '../../scripts/registry-image/write-layout.ts'
import { freePort } from '../support/free-port.ts'
import { goTool, missingTool } from '../support/go-tools.ts'
import { missingOwnImage } from '../support/own-image.ts'
import { podmanFor } from '../support/podman.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const skip = await missingOwnImage()

const MAX_UNPACKED = 150e6
const MAX_COMPRESSED = 50e6
const READY_LIMIT_MS = 20_000
const PULL_LIMIT_MS = 120_000
const TAG = 'test'

/** e_machine in the header of an ELF file. */
const MACHINES: Readonly<Record<string, number>> = { amd64: 62, arm64: 183 }

type Descriptor = {
  readonly mediaType: string
  readonly artifactType?: string
  readonly digest: string
  readonly platform?: { readonly architecture: string }
}
type Document = {
  readonly manifests: readonly Descriptor[]
  readonly components: readonly { readonly name: string }[]
  readonly subject: readonly { readonly digest: { readonly sha256: string } }[]
  readonly predicate: {
    readonly buildDefinition: { readonly resolvedDependencies: readonly { readonly uri: string }[] }
  }
}
type Manifest = { readonly subject: Descriptor; readonly layers: readonly [Descriptor, ...Descriptor[]] }

void t.test('the registry’s image', { skip, timeout: 300_000 }, async (t) => {
  const layout = join(await temporaryDirectory(t, 'registry-image'), 'layout')
  const { digest, platforms } = await writeLayout(await makeImage('index', nixEnv), layout, TAG)
  const blob = (of: string) => join(layout, 'blobs', of.replace(':', '/'))
  const read = async (of: string): Promise<unknown> => JSON.parse(await readFile(blob(of), 'utf8'))
  const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
    manifests: readonly Descriptor[]
  }

  await t.test('is the same when it is built again', async () => checkParts(nixEnv))

  await t.test('is small', (t) => {
    for (const { architecture, unpacked, compressed } of platforms) {
      t.comment(`${architecture}: ${unpacked / 1e6} MB, compressed ${compressed / 1e6} MB`)
      t.ok(unpacked <= MAX_UNPACKED, architecture)
      t.ok(compressed <= MAX_COMPRESSED, architecture)
    }
    t.end()
  })

  await t.test('has programs of each architecture alone', async (t) => {
    const images = ((await read(digest)) as Document).manifests
    t.same(
      images.map(({ platform }) => platform?.architecture),
      ['amd64', 'arm64'],
    )
    for (const { platform, digest: of } of images) {
      const { layers } = (await read(of)) as Manifest
      const found = (await Promise.all(layers.map(async (layer) => machinesIn(blob(layer.digest))))).flat()
      t.ok(found.length > 7, `Node, its libraries and busybox: ${found.length}`)
      t.same([...new Set(found)], [MACHINES[platform?.architecture ?? '']], 'of its architecture')
    }
  })

  await t.test('has an SBOM and provenance of each image', async (t) => {
    for (const { digest: of } of platforms) {
      const about = new Map<string, Document>()
      for (const one of manifests.filter(({ artifactType }) => artifactType !== undefined)) {
        const manifest = (await read(one.digest)) as Manifest
        if (manifest.subject.digest === of)
          about.set(one.artifactType ?? '', (await read(manifest.layers[0].digest)) as Document)
      }
      const names = about.get('application/vnd.cyclonedx+json')?.components.map(({ name }) => name) ?? []
      for (const part of [/^node-linux-/, /^libc6$/, /^libstdc\+\+6$/, /^busybox-static$/, /^pushless$/])
        t.ok(
          names.some((name) => part.test(name)),
          String(part),
        )
      const statement = about.get('application/vnd.in-toto+json')
      t.equal(`sha256:${statement?.subject[0]?.digest.sha256}`, of)
      t.ok(
        statement?.predicate.buildDefinition.resolvedDependencies.some(({ uri }) =>
          uri.startsWith('pkg:npm/node-linux-'),
        ),
      )
    }
  })

  await t.test('is copied with its documents', { skip: await missingTool('oras') }, async (t) => {
    const oras = await goTool('oras')
    const copy = join(await temporaryDirectory(t, 'copied'), 'layout')
    const between = ['--from-oci-layout', '--to-oci-layout', `${layout}:${TAG}`, `${copy}:${TAG}`]
    await execa(oras, ['copy', '--recursive', ...between])
    for (const { digest: of } of platforms) {
      const { stdout } = await execa(oras, ['discover', '--oci-layout', `${copy}@${of}`])
      for (const type of [
        'application/vnd.cyclonedx+json',
        'application/spdx+json',
        'application/vnd.in-toto+json',
      ])
        t.match(stdout, type)
    }
  })

  await t.test('runs', { skip: missing('podman', 'skopeo', 'root') }, async (t) => {
    const podman = await podmanFor(t, 'http://127.0.0.1:1')
    const archive = join(await temporaryDirectory(t, 'registry-archive'), 'image.tar')
    const image = 'localhost/pushless:test'
    // Every platform can be read; podman takes that of the machine.
    await execa('skopeo', ['copy', '--all', '--quiet', `oci:${layout}:${TAG}`, `dir:${archive}.all`])
    await execa('skopeo', ['copy', '--quiet', `oci:${layout}:${TAG}`, `docker-archive:${archive}:${image}`])
    const loaded = await podman.podman('load', '--input', archive)
    t.equal(loaded.exitCode, 0, loaded.stderr)
    const port = await freePort()
    const { options, args } = await commandOf('README.md')
    t.same(await commandOf('docs/install.md'), { options, args }, 'one command on both pages')
    const started = performance.now()
    const run = await podman.podman(
      'run',
      '--detach',
      ...options,
      '--security-opt',
      'no-new-privileges',
      '--name',
      'registry',
      image,
      ...args,
      '--listen',
      `0.0.0.0:${port}`,
    )
    t.equal(run.exitCode, 0, run.stderr)
    const ready = await until(
      async () =>
        fetch(`http://127.0.0.1:${port}/healthz`).then(
          ({ status }) => status,
          () => undefined,
        ),
      READY_LIMIT_MS,
    )
    t.equal(ready, 200)
    t.comment(`healthy ${Math.round(performance.now() - started)} ms after podman run`)
    const log = await podman.podman('logs', 'registry')
    t.comment(log.stdout)
    const top = await podman.podman('exec', 'registry', '/bin/sh', '-c', 'cat /proc/1/status')
    t.match(top.stdout, /^Uid:\t65532\t65532\t65532\t65532$/m)
    t.match(top.stdout, /^CapEff:\t0+$/m)
  })

  await t.test('runs on arm64', { skip: missing('emulation of arm64') }, async (t) => {
    const root = await temporaryDirectory(t, 'arm64')
    const { manifests: images } = (await read(digest)) as Document
    const image = images.find(({ platform }) => platform?.architecture === 'arm64')
    const { layers } = (await read(image?.digest ?? '')) as Manifest
    for (const layer of layers) await execa('tar', ['-xzf', blob(layer.digest), '-C', root])
    const path = await shape('chain')
    const directory = await temporaryDirectory(t, 'arm64-cache')
    const cache = await signedCache(join(directory, 'cache'), [path], 'compression=zstd')
    const caches = ['--store', 'cache', '--caches', `file://${cache.directory}`, '--trusted-keys', cache.key]
    // Libraries are looked for below the image, other files where they are.
    const home = join(root, 'opt/pushless')
    const emulated = await startPushless(t, {
      program: ['qemu-aarch64-static', '-L', root, join(home, 'bin/node'), join(home, 'app/dist/main.js')],
      args: [...caches, '--serve-packages'],
    })
    const own = await startPushless(t, { args: [...caches, '--serve-packages'] })
    // Emulated, it may take longer than a client is held.
    const pulled = await until(() => pullManifest(emulated.url, path).catch(() => undefined), PULL_LIMIT_MS)
    t.equal(pulled.digest, (await pullManifest(own.url, path)).digest, 'the same image as from here')
  })
})

/** The `podman run` of a page: its options, but for those about ports and the end, and the arguments of the image. */
async function commandOf(page: string): Promise<{ readonly options: string[]; readonly args: string[] }> {
  const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8')
  const [, options = '', args = ''] =
    /^\$ podman run --rm (.*) -p 127\.0\.0\.1:5000:5000 \S+\/pushless:\S+ ((?:.*\\\n)*.*)$/m.exec(text) ?? []
  return { options: options.split(' '), args: args.replaceAll('\\\n', ' ').trim().split(/\s+/) }
}

/** The machine of each ELF file in a layer. */
async function machinesIn(layer: string): Promise<readonly number[]> {
  const machines: number[] = []
  const entries = createReadStream(layer).pipe(createGunzip()).pipe(extract())
  for await (const entry of entries) {
    let head: Buffer | undefined
    for await (const chunk of entry) head ??= Buffer.from(chunk as Buffer)
    if (head !== undefined && head.length > 20 && head.readUInt32BE(0) === 0x7f_45_4c_46)
      machines.push(head.readUInt16LE(18))
  }
  return machines
}
