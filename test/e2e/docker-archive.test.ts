/** Docker archives in all the forms that tools write: served, pulled, run, and the same as what skopeo finds in them. */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { imageName, pullAll, pullBlob, pullManifest, refusal, repositoryUrl } from './client.ts'
import { exampleImage } from './example.ts'
import { sourceConforms } from './source-conformance.ts'
import { until } from './until.ts'
import { archiveFiles, imageConfig, layerTar, sha256Hex, writeArchive } from '../support/docker-archive.ts'
import { archiveFixture, nixStore, only } from '../support/nix.ts'
import { startContainerd } from '../support/containerd.ts'
import { podmanFor } from '../support/podman.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'
import { copyToArchive } from '../support/skopeo.ts'

const PRINTS = 'hello from an archive\nanswer 42'

/** A file as a store path of that name. */
async function stored(scope: Scope, name: string, bytes: Uint8Array): Promise<string> {
  const file = join(await temporaryDirectory(scope, 'archive'), name)
  await writeFile(file, bytes)
  return only(await nixStore('--add', file))
}

void t.test('archives of nixpkgs\u2019 forms', { skip: missing('nix', 'skopeo', 'zstd') }, async (t) => {
  for (const form of ['buildImage', 'buildLayeredImage'] as const) {
    const plain = await archiveFixture(form, 'none')
    for (const compressor of ['none', 'gz', 'zstd'] as const) {
      await t.test(`${form}, ${compressor}`, async (t) => {
        // Debian's skopeo 1.9 reads no tar.gz, not even its own; what it holds is the same.
        const path = await archiveFixture(form, compressor)
        const tag = compressor === 'none' ? 'nix' : 'v1'
        await sourceConforms(t, { path, tag, original: `docker-archive:${plain}`, prints: PRINTS })
      })
    }
  }
})

void t.test(
  'a Healthcheck is kept by podman, and every client takes the manifest',
  { skip: missing('nix', 'root', 'podman', 'containerd', 'skopeo') },
  async (t) => {
    const layer = await layerTar(t, 'healthy')
    const Healthcheck = { Test: ['CMD', '/file'], Interval: 3_000_000_000, Retries: 2 }
    const config = imageConfig([`sha256:${sha256Hex(layer)}`], { config: { Cmd: ['/file'], Healthcheck } })
    const archive = await readFile(await writeArchive(t, archiveFiles([layer], { config })))
    const path = await stored(t, 'healthcheck', archive)
    const { url } = await sharedPushless()
    const { manifest } = await pullManifest(url, path)
    t.match(manifest, {
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: { mediaType: 'application/vnd.docker.container.image.v1+json' },
      layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar' }],
    })
    t.equal(manifest.config.digest, `sha256:${sha256Hex(config)}`)

    const podman = await podmanFor(t, url)
    t.match(await podman.pull(imageName(path)), { exitCode: 0 })
    const inspected = await podman.podman(
      'image',
      'inspect',
      '--format',
      '{{json .HealthCheck}}',
      imageName(path),
    )
    t.match(JSON.parse(inspected.stdout), Healthcheck)

    const containerd = await startContainerd(t)
    await containerd.hostsDir(url)
    t.match(await containerd.pull(imageName(path)), { exitCode: 0 })

    const saved = join(await temporaryDirectory(t, 'layout'), 'layout')
    const source = `docker://${new URL(url).host}${new URL(repositoryUrl(url, path)).pathname.replace('/v2', '')}:nix`
    const copied = await execa(
      'skopeo',
      ['copy', '--src-tls-verify=false', '--insecure-policy', source, `dir:${saved}`],
      { reject: false },
    )
    t.equal(copied.exitCode, 0, copied.stderr)
  },
)

void t.test('an image of ours, saved by skopeo', { skip: missing('nix', 'skopeo') }, async (t) => {
  const image = await exampleImage()
  const { url } = await sharedPushless()
  const file = await copyToArchive(t, imageName(image), url, 'example/app:saved')
  const path = await stored(t, 'saved-by-skopeo', await readFile(file))
  const before = await pullManifest(url, image)
  const { manifest } = await pullManifest(url, path, 'saved')
  t.strictSame(
    manifest.layers.map(({ digest }) => digest),
    before.manifest.layers.map(({ digest }) => digest),
    'the same layers, byte by byte',
  )
  t.same(((await (await fetch(`${repositoryUrl(url, path)}/tags/list`)).json()) as { tags: string[] }).tags, [
    'latest',
    'nix',
    'saved',
  ])
  t.match(await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/other`)), {
    status: 404,
    code: 'MANIFEST_UNKNOWN',
    detail: { tag: 'other', tags: ['saved'] },
  })
})

void t.test(
  'a restart needs nothing unpacked for a manifest, and has it again for a layer',
  { skip: missing('nix') },
  async (t) => {
    const path = await archiveFixture('buildLayeredImage', 'gz')
    const first = await startPushless(t)
    const { text, manifest } = await pullManifest(first.url, path)
    await pullAll(first.url, path)
    const unpacked = join(first.state, 'unpacked')
    t.equal((await readdir(unpacked)).length, 1, 'one file, however often it was asked for')
    await first.stop()
    await rm(unpacked, { recursive: true })
    const second = await startPushless(t, { state: first.state })
    t.equal((await pullManifest(second.url, path)).text, text)
    t.strictSame(await readdir(unpacked), [])
    const [layer] = manifest.layers
    const range = await pullBlob(second.url, path, layer?.digest ?? '', { range: 'bytes=512-1023' })
    t.equal(range.status, 206)
    t.equal((await range.arrayBuffer()).byteLength, 512)
    t.equal((await readdir(unpacked)).length, 1)
    await pullAll(second.url, path)
    await second.stop()
  },
)

void t.test('two archives in a cache for one', { skip: missing('nix') }, async (t) => {
  const paths = [await archiveFixture('buildLayeredImage', 'gz'), await archiveFixture('buildImage', 'gz')]
  const { url, state } = await startPushless(t, { args: ['--cache-size', '3', '--verify'] })
  for (let round = 0; round < 2; round++) {
    for (const path of paths) {
      await pullAll(url, path)
      t.equal((await readdir(join(state, 'unpacked'))).length, 1)
    }
  }
  const none = await startPushless(t, { args: ['--cache-size', '1'] })
  const refused = await refusal(await fetch(`${repositoryUrl(none.url, paths[0] ?? '')}/manifests/nix`))
  t.match(refused, { status: 500, message: new RegExp(`${paths[0]}: .*the 1 MB .*--cache-size`) })
  t.strictSame(await readdir(join(none.state, 'unpacked')), [])
})

void t.test(
  'who waits for longer than the hold is told to come back',
  { skip: missing('nix') },
  async (t) => {
    const path = await archiveFixture('buildLayeredImage', 'gz')
    const { url, state } = await startPushless(t, { args: ['--hold', '0.005'] })
    const answers: number[] = []
    await until(async () => {
      const { status } = await fetch(`${repositoryUrl(url, path)}/manifests/nix`)
      answers.push(status)
      return status === 200 || undefined
    })
    const { manifest } = await pullManifest(url, path)
    await rm(join(state, 'unpacked'), { recursive: true })
    await execa('mkdir', [join(state, 'unpacked')])
    await until(async () => {
      const response = await pullBlob(url, path, manifest.layers[0]?.digest ?? '')
      answers.push(response.status)
      return (response.status === 200 && (await response.arrayBuffer()).byteLength > 0) || undefined
    })
    t.ok(
      answers.every((status) => status === 200 || status === 429),
      answers.join(),
    )
    t.ok(answers.filter((status) => status === 429).length >= 2, 'a manifest and a layer were put off')
  },
)

void t.test(
  'broken archives and other files, in a server that lives on',
  { skip: missing('nix', 'zstd') },
  async (t) => {
    const layer = await layerTar(t, 'a layer')
    const good = await readFile(await writeArchive(t, archiveFiles([layer])))
    const lying = archiveFiles([layer], { config: imageConfig([`sha256:${'0'.repeat(64)}`]) })
    const gzip = await packed('gzip', good)
    const zstd = await packed('zstd', good)
    const source = await readFile(await writeArchive(t, { 'app-1.0/main.c': Buffer.from('int main;') }))
    const rows: [name: string, bytes: Uint8Array, status: number, says: RegExp][] = [
      ['cut.tar', good.subarray(0, 5000), 500, /a truncated tar/],
      ['cut.tar.gz', gzip.subarray(0, -8), 500, /broken gzip: it is cut off/],
      ['cut.tar.zst', zstd.subarray(0, -3), 500, /broken zstd: it is cut off/],
      ['cut-within.tar.gz', await packed('gzip', good.subarray(0, 5000)), 500, /a truncated tar/],
      [
        'lying.tar',
        await readFile(await writeArchive(t, lying)),
        500,
        /its config has the diff_id sha256:0+ for a layer that is sha256:/,
      ],
      ['source.tar', source, 404, /no such store path/],
      ['source.tar.gz', await packed('gzip', source), 404, /no such store path/],
      ['text.gz', await packed('gzip', Buffer.from('text')), 404, /no such store path/],
    ]
    const { url, state } = await startPushless(t)
    for (const [name, bytes, status, says] of rows) {
      const path = await stored(t, name, bytes)
      for (let i = 0; i < 2; i++) {
        const got = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))
        t.match(got, { status, message: says }, name)
        if (status === 500) t.match(got, { message: path, reason: 'not servable as an image' }, name)
      }
    }
    t.equal(
      (await readdir(join(state, 'unpacked'))).length,
      1,
      'only what was whole in itself is left, and nothing partial',
    )
    const path = await stored(t, 'good-under-any-name', gzip)
    t.equal((await pullManifest(url, path)).manifest.layers[0]?.digest, `sha256:${sha256Hex(layer)}`)
  },
)

void t.test(
  'no space to unpack is a 503 that says so in the log',
  { skip: missing('nix', 'root') },
  async (t) => {
    const path = await archiveFixture('buildLayeredImage', 'gz')
    const directory = await temporaryDirectory(t, 'disk')
    const mounted = await execa('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'pushless-test', directory], {
      reject: false,
    })
    if (mounted.exitCode !== 0) {
      t.comment(`no tmpfs can be mounted here: ${mounted.stderr}`)
      return
    }
    t.teardown(() => execa('umount', ['--lazy', directory]).then(() => undefined))
    const server = await startPushless(t, { state: directory })
    t.match(await refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`)), { status: 503 })
    const line = await until(() => server.logs.find(({ kind }) => kind === 'unavailable'))
    t.match(line['reason'], new RegExp(`cannot unpack ${path} .*no space left on the disk`))
    t.strictSame(await readdir(join(directory, 'unpacked')), [])
  },
)

async function packed(tool: 'gzip' | 'zstd', input: Uint8Array): Promise<Buffer> {
  return Buffer.from((await execa(tool, ['-c'], { input, encoding: 'buffer' })).stdout)
}
