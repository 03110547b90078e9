/** OCI layouts as skopeo and tar write them, served byte for byte and run; and indexes, from which clients choose. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { imageName, pullBlob, pullManifest, refusal, repositoryUrl, sha256 } from './client.ts'
import { sourceConforms } from './source-conformance.ts'
import { startContainerd } from '../support/containerd.ts'
import { LayoutBuilder, OCI, of, type BuiltDescriptor } from '../support/layout-builder.ts'
import { until } from './until.ts'
import { busybox, nixEnv, nixStore, only } from '../support/nix.ts'
import { ociLayout } from '../support/oci-layout.ts'
import { podmanFor } from '../support/podman.ts'
import { startPushless, type LogLine } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'
import { copyToDir } from '../support/skopeo.ts'

const DOCKER = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
} as const

async function addToStore(path: string): Promise<string> {
  return only(await nixStore('--add', path))
}

/** A layout of one layer that says `hello`, by GNU tar and nothing of pushless. */
async function plain(scope: Scope): Promise<string> {
  const shell = await busybox()
  return (await ociLayout(scope, [shell], [`${shell}/bin/sh`, '-c', 'echo hello'])).directory
}

const compressed = (format: string) => ['--dest-compress', '--dest-compress-format', format]

async function skopeoCopy(from: string, to: string, ...args: readonly string[]): Promise<void> {
  await execa('skopeo', ['copy', '--insecure-policy', ...args, from, to], { timeout: 120_000 })
}

void t.test('layouts as skopeo writes them', { skip: missing('nix', 'skopeo') }, async (t) => {
  const from = `oci:${await plain(t)}`
  for (const [what, kind, args, mediaType] of [
    ['a directory, gzip', 'oci', compressed('gzip'), `${OCI.layer}+gzip`],
    ['a directory, zstd', 'oci', compressed('zstd'), `${OCI.layer}+zstd`],
    ['an archive', 'oci-archive', [], `${OCI.layer}+gzip`],
  ] as const) {
    await t.test(what, async (t) => {
      const made = join(await temporaryDirectory(t, 'layout'), 'app')
      await skopeoCopy(from, `${kind}:${made}:1.0`, ...args)
      const path = await addToStore(made)
      await sourceConforms(t, { path, tag: '1.0', original: `${kind}:${made}:1.0`, prints: 'hello' })
      await t.test('byte for byte', async (t) => isServedAsItIs(t, path, `${kind}:${made}:1.0`, mediaType))
    })
  }
})

void t.test('a compressed archive', { skip: missing('nix', 'skopeo') }, async (t) => {
  const directory = await temporaryDirectory(t, 'layout')
  const made = join(directory, 'app.tar')
  await skopeoCopy(`oci:${await plain(t)}`, `oci-archive:${made}:1.0`)
  await execa('gzip', ['--keep', made])
  const path = await addToStore(`${made}.gz`)
  const { url } = await startPushless(t)
  t.equal((await pullManifest(url, path)).digest, (await pullManifest(url, await addToStore(made))).digest)
  await sourceConforms(t, { path, tag: '1.0', original: `oci-archive:${made}:1.0`, prints: 'hello' })
})

void t.test('a layout of Docker\u2019s media types', { skip: missing('nix', 'skopeo') }, async (t) => {
  // skopeo writes these to `dir:` and registries only; BuildKit and containerd to layouts, too.
  const directory = join(await temporaryDirectory(t, 'docker'), 'dir')
  await skopeoCopy(`oci:${await plain(t)}`, `dir:${directory}`, '--format', 'v2s2')
  const made = join(await temporaryDirectory(t, 'layout'), 'app')
  const builder = new LayoutBuilder(made)
  const manifest = await readFile(join(directory, 'manifest.json'), 'utf8')
  const { config, layers } = JSON.parse(manifest) as { config: BuiltDescriptor; layers: BuiltDescriptor[] }
  for (const { mediaType, digest } of [config, ...layers])
    await builder.blob(mediaType, await readFile(join(directory, digest.slice(7))))
  t.equal(config.mediaType, DOCKER.config)
  await builder.finish([await builder.blob(DOCKER.manifest, manifest)])
  await sourceConforms(t, { path: await addToStore(made), original: `dir:${directory}`, prints: 'hello' })
})

/** What skopeo copies from the registry, by tag and by digest, is what it copies from the original. */
async function isServedAsItIs(t: Test, path: string, original: string, mediaType: string): Promise<void> {
  const { url } = await startPushless(t)
  const want = join(await temporaryDirectory(t, 'original'), 'dir')
  await skopeoCopy(original, `dir:${want}`)
  const manifest = await readFile(join(want, 'manifest.json'))
  const name = imageName(path).replace(/:nix$/, '')
  for (const reference of [`${name}:1.0`, `${name}:nix`, `${name}@${sha256(manifest)}`]) {
    const got = await copyToDir(t, reference, url)
    const { exitCode, stdout } = await execa('diff', ['-r', want, got], { reject: false })
    t.equal(exitCode, 0, `${reference}: ${stdout}`)
  }
  const { layers } = JSON.parse(manifest.toString()) as { layers: BuiltDescriptor[] }
  t.strictSame(
    layers.map((layer) => layer.mediaType),
    [mediaType],
  )
  const unknown = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/2.0`))
  t.match(unknown, { status: 404, code: 'MANIFEST_UNKNOWN', detail: { tags: ['1.0'] } })
}

const madeImages = (logs: readonly LogLine[]) =>
  logs.flatMap(({ msg, digest }) => (msg === 'image ready' ? [digest] : []))

type MultiPlatform = {
  readonly path: string
  readonly index: Buffer
  readonly digests: Record<string, string>
}

/** Images that say which they are, for this machine and another one, and an attestation as BuildKit makes it. */
async function multiPlatform(scope: Scope): Promise<MultiPlatform> {
  const source = await plain(scope)
  const made = join(await temporaryDirectory(scope, 'multi'), 'app')
  await execa('cp', ['-r', source, made])
  const builder = new LayoutBuilder(made)
  const blob = async (digest: string) => readFile(join(builder.blobs, digest.slice(7)), 'utf8')
  const { manifests } = JSON.parse(await readFile(join(made, 'index.json'), 'utf8')) as {
    manifests: [BuiltDescriptor]
  }
  const manifest = JSON.parse(await blob(manifests[0].digest)) as {
    config: BuiltDescriptor
    layers: object[]
  }
  const config = JSON.parse(await blob(manifest.config.digest)) as { config: { Entrypoint: string[] } }
  const image = async (architecture: string) => {
    const [shell = ''] = config.config.Entrypoint
    const own = { ...config, architecture, config: { Entrypoint: [shell, '-c', `echo ${architecture}`] } }
    return builder.blob(OCI.manifest, { ...manifest, config: await builder.blob(OCI.config, own) })
  }
  const [amd64, arm64] = [await image('amd64'), await image('arm64')]
  const attestation = await builder.image('unknown', [
    {
      ...(await builder.blob('application/vnd.in-toto+json', '{"_type":"x"}')),
      annotations: { 'in-toto.io/predicate-type': 'y' },
    },
  ])
  const index = await builder.index([
    of('arm64', arm64),
    of('amd64', amd64),
    {
      ...of('unknown', attestation, 'unknown'),
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': amd64.digest,
      },
    },
  ])
  await builder.finish([index])
  return {
    path: await addToStore(made),
    index: Buffer.from(await blob(index.digest)),
    digests: { index: index.digest, amd64: amd64.digest, arm64: arm64.digest, unknown: attestation.digest },
  }
}

void t.test('an index', { skip: missing('nix', 'skopeo') }, async (t) => {
  const { path, index, digests } = await multiPlatform(t)
  const { url, logs } = await startPushless(t)
  const repository = repositoryUrl(url, path)

  await t.test('by tag, by digest, by HEAD, byte for byte', async (t) => {
    for (const reference of ['nix', 'latest', digests['index']]) {
      for (const method of ['GET', 'HEAD']) {
        const response = await fetch(`${repository}/manifests/${reference}`, { method })
        t.equal(response.headers.get('content-type'), OCI.index)
        t.equal(response.headers.get('docker-content-digest'), digests['index'])
        t.equal(response.headers.get('content-length'), String(index.length))
        const body = Buffer.from(await response.arrayBuffer())
        t.ok(method === 'HEAD' ? body.length === 0 : body.equals(index), `${method} ${reference}`)
      }
    }
  })

  await t.test('each of its manifests by digest, and their blobs', async (t) => {
    for (const architecture of ['arm64', 'unknown']) {
      const response = await fetch(`${repository}/manifests/${digests[architecture]}`)
      t.equal(response.status, 200)
      const { config, layers } = (await response.json()) as {
        config: BuiltDescriptor
        layers: BuiltDescriptor[]
      }
      for (const { digest } of [config, ...layers])
        t.equal(sha256(Buffer.from(await (await pullBlob(url, path, digest)).arrayBuffer())), digest)
    }
    t.strictSame(
      await until(() => (madeImages(logs).length < 2 ? undefined : madeImages(logs))),
      [digests['arm64'], digests['unknown']],
      'those two were made, and no other',
    )
  })

  await t.test('a blob, of a registry that was asked for nothing before', async (t) => {
    const fresh = await startPushless(t)
    const digest = digests['arm64'] ?? ''
    const manifest = Buffer.from(await (await pullBlob(fresh.url, path, digest)).arrayBuffer())
    t.equal(sha256(manifest), digest, 'a manifest as a blob')
    const { layers } = JSON.parse(manifest.toString()) as { layers: [BuiltDescriptor] }
    const again = await startPushless(t)
    t.equal((await pullBlob(again.url, path, layers[0].digest)).status, 200)
    t.equal((await pullBlob(again.url, path, sha256('other'))).status, 404)
  })

  await t.test('a client that takes no index gets linux/amd64, by tag alone', async (t) => {
    const headers = { accept: `${OCI.manifest}, ${DOCKER.manifest}` }
    const byTag = await fetch(`${repository}/manifests/nix`, { headers })
    t.equal(byTag.headers.get('docker-content-digest'), digests['amd64'])
    t.equal(byTag.headers.get('content-type'), OCI.manifest)
    const byDigest = await fetch(`${repository}/manifests/${digests['index']}`, { headers })
    t.equal(byDigest.headers.get('docker-content-digest'), digests['index'])
  })

  await t.test('inspect lists its platforms', async (t) => {
    const run = (...args: string[]) =>
      execa(
        process.execPath,
        ['dist/main.js', 'inspect', '--state', join(t.testdir({}), 'state'), path, ...args],
        {
          env: nixEnv,
        },
      )
    const { stdout } = await run('--json')
    t.match(JSON.parse(stdout), {
      kind: 'OCI layout',
      manifest: { digest: digests['index'], mediaType: OCI.index },
      platforms: [
        { platform: 'linux/arm64', digest: digests['arm64'] },
        { platform: 'linux/amd64', digest: digests['amd64'] },
        { platform: 'unknown/unknown', digest: digests['unknown'] },
      ],
    })
    t.match((await run()).stdout, new RegExp(`linux/arm64 +${digests['arm64']}`))
  })

  await t.test('skopeo chooses, and copies all', async (t) => {
    for (const architecture of ['amd64', 'arm64']) {
      const copy = await copyToDir(t, imageName(path), url, ['--override-arch', architecture])
      t.equal(sha256(await readFile(join(copy, 'manifest.json'))), digests[architecture])
    }
    const all = await copyToDir(t, imageName(path), url, ['--all'])
    t.equal(sha256(await readFile(join(all, 'manifest.json'))), digests['index'])
  })

  await choices(t, url, path, digests)
})

/** containerd and podman run this machine's, and pull another one's where they are told to. */
async function choices(t: Test, url: string, path: string, digests: Record<string, string>): Promise<void> {
  const own = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const name = imageName(path)
  await t.test('containerd', { skip: missing('containerd', 'root') }, async (t) => {
    const containerd = await startContainerd(t)
    await containerd.hostsDir(url)
    t.match(await containerd.pull(name), { exitCode: 0 })
    t.match(await containerd.run(name), { exitCode: 0, stdout: own })
    for (const architecture of ['amd64', 'arm64']) {
      t.match(await containerd.pull(name, ['--platform', `linux/${architecture}`]), { exitCode: 0 })
      const { stdout } = await containerd.ctr('content', 'list', '--quiet')
      t.match(stdout, digests[architecture], `the manifest for ${architecture} is there`)
    }
    t.match(await containerd.pull(name, ['--platform', 'linux/s390x']), {
      exitCode: 1,
      stderr: /no match for platform/,
    })
  })
  await t.test('podman', { skip: missing('podman', 'root') }, async (t) => {
    const podman = await podmanFor(t, url)
    t.match(await podman.podman('run', '--rm', name), { exitCode: 0, stdout: own })
    for (const [flag, architecture] of [
      ['--arch=arm64', 'arm64'],
      ['--platform=linux/amd64', 'amd64'],
    ] as const) {
      t.match(await podman.podman('pull', flag, name), { exitCode: 0 })
      const { stdout } = await podman.podman('image', 'inspect', '--format', '{{.Architecture}}', name)
      t.equal(stdout, architecture)
    }
  })
}

void t.test('what a layout says is not believed', { skip: missing('nix') }, async (t) => {
  const { url } = await startPushless(t)
  const wrong = async (change: (builder: LayoutBuilder, layer: BuiltDescriptor) => Promise<unknown>) => {
    const made = join(await temporaryDirectory(t, 'wrong'), 'wrong')
    const builder = new LayoutBuilder(made)
    const layer = await builder.layer('file', `${Math.random()}`)
    await builder.finish([await builder.image('amd64', [layer])])
    await change(builder, layer)
    const path = await addToStore(made)
    return { path, ...(await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))) }
  }
  const other = await wrong(async (builder, layer) => {
    const file = join(builder.blobs, layer.digest.slice(7))
    const bytes = await readFile(file)
    bytes[600] = (bytes[600] ?? 0) ^ 1
    await writeFile(file, bytes)
  })
  t.match(other, {
    status: 500,
    reason: 'not servable as an image',
    message: /is said to be sha256:\w+, and is sha256:/,
  })
  t.match(other.message, other.path)

  // A link in the store to a path that the image doesn't refer to: Nix finds no references in what is only added.
  const secret = join(await temporaryDirectory(t, 'secret'), 'secret')
  await writeFile(secret, `secret ${Math.random()}`)
  const foreign = await addToStore(secret)
  for (const which of ['layer', 'manifest']) {
    const outside = await wrong(async (builder, layer) => {
      const bytes = await readFile(foreign)
      const stolen = await builder.blob(OCI.layer, bytes)
      const image = await builder.image('amd64', [which === 'layer' ? stolen : layer])
      await builder.finish([image])
      const blob = which === 'layer' ? stolen : image
      const target =
        which === 'layer' ? foreign : await addToStore(join(builder.blobs, image.digest.slice(7)))
      await execa('ln', ['-sf', target, join(builder.blobs, blob.digest.slice(7))])
    })
    t.match(outside, { status: 500, message: /not in its closure/ }, which)
    t.match(outside.message, outside.path)
  }
})
