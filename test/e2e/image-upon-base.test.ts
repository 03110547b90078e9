/** Images upon images, explicit layers and trees that are copied: what is in which layer, and what never is twice. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { execa } from 'execa'
import { pullAll, pullManifest } from './client.ts'
import { busybox, nixEnv, nixStore, shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { containersConfig } from '../support/registries-conf.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { imageName } from './client.ts'

const LIBRARY = fileURLToPath(new URL('../../nix', import.meta.url))
const stored = (path: string) => `(builtins.storePath ${path})`

void t.test('an image upon another shares its layers', { skip: missing('nix') }, async (t) => {
  const [shell, chain] = [await busybox(), await shape('chain')]
  const { url } = await sharedPushless()
  const base = `{ name = "base"; contents = [ ${stored(shell)} ]; env.BASE = 1; user = 7; }`
  const below = await build(`image ${base}`)
  const top = await build(
    `image { name = "top"; fromImage = image ${base}; contents = [ ${stored(shell)} ${stored(chain)} ]; env.TOP = 1; }`,
  )
  const { manifest } = await pullManifest(url, top)
  const lower = (await pullManifest(url, below)).manifest.layers
  t.same(manifest.layers.slice(0, lower.length), lower, 'bit for bit')
  t.ok(manifest.layers.length > lower.length)

  const blobs = await pullAll(url, top)
  const config = JSON.parse(String(blobs.get(manifest.config.digest))) as {
    readonly config: object
    readonly history: readonly object[]
  }
  t.strictSame(config.config, { Env: ['BASE=1', 'TOP=1'], User: '7' })
  t.equal(config.history.length, manifest.layers.length)
  const paths = await Promise.all(
    manifest.layers.map(async ({ digest }) => storePathsIn(blobs.get(digest) ?? Buffer.alloc(0))),
  )
  t.equal(new Set(paths.flat()).size, paths.flat().length, 'no store path twice')
  const wanted = await nixStore('--query', '--requisites', shell, chain)
  t.same(paths.flat().sort(), [...new Set(wanted)].sort(), 'and neither of the images’ files')
})

void t.test('explicit layers keep their bytes', { skip: missing('nix') }, async (t) => {
  const [shell, chain, diamond] = [await busybox(), await shape('chain'), await shape('diamond')]
  const { url } = await sharedPushless()
  const layers = `layers = [ [ ${stored(chain)} ] [ ${stored(diamond)} ${stored(shell)} ] ];`
  const layersOf = async (more: string) => {
    const path = await build(`image { name = "layered"; ${layers} ${more} }`)
    const { manifest } = await pullManifest(url, path)
    const blobs = await pullAll(url, path)
    return Promise.all(
      manifest.layers.map(async ({ digest }) => ({
        digest,
        paths: await storePathsIn(blobs.get(digest) ?? Buffer.alloc(0)),
      })),
    )
  }
  const one = await layersOf('')
  const other = await layersOf(`contents = [ ${stored(await shape('files'))} ]; env.A = 1; maxLayers = 3;`)
  const first = await nixStore('--query', '--requisites', chain)
  t.same(one[0]?.paths, first.sort(), 'the whole closure')
  const second = await nixStore('--query', '--requisites', diamond, shell)
  t.same(one[1]?.paths, [...new Set(second)].filter((path) => !first.includes(path)).sort())
  t.equal(one.length, 3, 'and the root')
  t.same(other.slice(0, 2), one.slice(0, 2))
  t.equal(other.length, 4)
})

void t.test(
  'a copied tree is streamed, owned as said, and not in the store',
  { skip: missing('nix') },
  async (t) => {
    const source = join(await temporaryDirectory(t, 'tree'), 'tree')
    await mkdir(join(source, 'srv'), { recursive: true })
    const large = Buffer.alloc(20 * 1024 * 1024, 'large file ')
    await writeFile(join(source, 'srv/large'), large)
    await writeFile(join(source, 'srv/run'), '#!/bin/sh', { mode: 0o755 })
    const path = await build(`image {
    name = "copied";
    users.app.uid = 1000;
    user = "app";
    extraDirectories = [ { source = ${source}; fileMode = "0640"; directoryMode = "0750"; uid = "app"; } ];
    files."/etc/large" = { source = ${source} + "/srv/large"; mode = "0400"; uid = 3000000; };
    directories."/data" = { mode = "0700"; uid = "app"; };
  }`)
    const { url, state } = await startPushless(t)
    const { manifest } = await pullManifest(url, path)
    const blobs = await pullAll(url, path)
    const [ofStore, blob = Buffer.alloc(0)] = manifest.layers.map(({ digest }) => blobs.get(digest))
    t.match(await storePathsIn(ofStore ?? blob), [/-large$/], 'the tree is in no layer of the store')
    const { stdout } = await execa('tar', ['--list', '--verbose', '--numeric-owner', '-f', '-'], {
      input: blob,
    })
    for (const line of [
      /^drwxr-x--- 1000\/1000 .* srv\/$/m,
      /^-rw-r----- 1000\/1000 +20971520 .* srv\/large$/m,
      /^-rwxr-x--- 1000\/1000 .* srv\/run$/m,
      /^-r-------- 3000000\/0 .* etc\/large$/m,
      /^drwx------ 1000\/1000 .* data\/$/m,
      /^drwx------ 1000\/1000 .* home\/app\/$/m,
      /^-r-------- 0\/0 .* etc\/shadow$/m,
      /^-r--r--r-- 0\/0 .* etc\/passwd$/m,
    ])
      t.match(stdout, line)
    const content = await execa('tar', ['-xOf', '-', 'srv/large'], { input: blob, encoding: 'buffer' })
    t.ok(large.equals(Buffer.from(content.stdout)))

    const again = await startPushless(t, { state })
    t.same((await pullManifest(again.url, path)).manifest.layers, manifest.layers)
  },
)

/** Every key that a config may have. */
const EVERYTHING = {
  User: 'app:staff',
  ExposedPorts: { '53/udp': {}, '8080/tcp': {} },
  Env: ['A=1', 'PATH=/bin'],
  Entrypoint: ['/bin/serve'],
  Cmd: ['--all'],
  Volumes: { '/data': {} },
  WorkingDir: '/srv',
  Labels: { 'org.example.label': 'yes' },
  StopSignal: 'SIGRTMIN+3',
  ArgsEscaped: true,
  Healthcheck: {
    Test: ['CMD', '/bin/check'],
    Interval: 30_000_000_000,
    Timeout: 5_000_000_000,
    StartPeriod: 1_000_000_000,
    StartInterval: 2_000_000_000,
    Retries: 3,
  },
  OnBuild: ['RUN true'],
  Shell: ['/bin/sh', '-c'],
  AttachStderr: true,
  AttachStdin: true,
  AttachStdout: true,
  CpuShares: 512,
  Domainname: 'example',
  Hostname: 'host',
  Image: 'image',
  MacAddress: '02:00:00:00:00:01',
  Memory: 1_000_000,
  MemorySwap: -1,
  NetworkDisabled: true,
  OpenStdin: true,
  StdinOnce: true,
  StopTimeout: 7,
  Tty: true,
}

void t.test(
  'every field of a config comes back as it was said',
  { skip: missing('nix', 'skopeo') },
  async (t) => {
    const path = await build(`image {
    name = "everything";
    config = builtins.fromJSON ''${JSON.stringify(EVERYTHING)}'';
    created = "2026-01-31T12:00:00.5+01:00";
    author = "Somebody <somebody@example.org>";
    architecture = "arm64";
  }`)
    const { url } = await sharedPushless()
    const { manifest } = await pullManifest(url, path)
    const blobs = await pullAll(url, path)
    const whole = {
      architecture: 'arm64',
      os: 'linux',
      author: 'Somebody <somebody@example.org>',
      created: '2026-01-31T12:00:00.5+01:00',
      config: EVERYTHING,
    }
    const served: unknown = JSON.parse(String(blobs.get(manifest.config.digest)))
    t.has(served, whole)
    t.match(served, {
      history: [{ created: whole.created }],
      rootfs: { diff_ids: [manifest.layers[0]?.digest] },
    })

    const { registries, policy } = await containersConfig(await temporaryDirectory(t, 'skopeo'), url)
    const { stdout } = await execa('skopeo', [
      'inspect',
      '--registries-conf',
      registries,
      '--policy',
      policy,
      '--tls-verify=false',
      '--config',
      '--raw',
      `docker://${imageName(path)}`,
    ])
    t.strictSame(JSON.parse(stdout), served)
  },
)

async function build(expression: string): Promise<string> {
  const args = ['--no-out-link', '-E', `let inherit (import ${LIBRARY} { }) image; in ${expression}`]
  const { stdout } = await execa('nix-build', args, { env: nixEnv })
  return stdout.trim()
}

/** The store paths that a layer has, sorted. */
async function storePathsIn(tar: Buffer): Promise<readonly string[]> {
  const { stdout } = await execa('tar', ['--list', '--quoting-style=literal', '-f', '-'], {
    input: tar,
    lines: true,
  })
  return stdout
    .map((line) => /^nix\/store\/[^/]+/.exec(line)?.[0])
    .filter((name, i, all) => name !== undefined && all.indexOf(name) === i)
    .map((name) => `/${name}`)
    .sort()
}
