/** OCI layouts of an index, from which clients choose. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { imageName, pullBlob, repositoryUrl, sha256 } from './client.ts'
import { startContainerd } from '../support/containerd.ts'
import { LayoutBuilder, OCI, of, type BuiltDescriptor } from '../support/layout-builder.ts'
import { until } from './until.ts'
import { nixEnv } from '../support/nix.ts'
import { podmanFor } from '../support/podman.ts'
import { startPushless, type LogLine } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'
import { copyToDir } from '../support/skopeo.ts'
import { DOCKER, addToStore, plainLayout } from './plain-layout.ts'

const madeImages = (logs: readonly LogLine[]) =>
  logs.flatMap(({ msg, digest }) => (msg === 'image ready' ? [digest] : []))

type MultiPlatform = {
  readonly path: string
  readonly index: Buffer
  readonly digests: Record<string, string>
}

/** Images that say which they are, for this machine and another one, and an attestation as BuildKit makes it. */
async function multiPlatform(scope: Scope): Promise<MultiPlatform> {
  const source = await plainLayout(scope)
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
