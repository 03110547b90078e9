/** Images for several platforms: an index over images that have names of their own, made when somebody needs them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { imageName, pullAll, refusal, repositoryUrl, sha256 } from './client.ts'
import { startContainerd } from '../support/containerd.ts'
import { OCI, type BuiltDescriptor } from '../support/layout-builder.ts'
import { until } from './until.ts'
import { busybox, nixBuild, nixEnv, nixInstantiate, nixStore } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

/** So that nothing of an earlier run is there. */
const RUN = `${process.pid}-${Date.now()}`

type Entry = {
  readonly architecture: string
  /** What builds it, and what it needs; this machine by default. */
  readonly system?: string
  readonly dependencySystem?: string
  /** Which architecture the image itself says, where that is another one. */
  readonly says?: string
  readonly fails?: boolean
  /** Named by its path instead of its derivation. */
  readonly byPath?: boolean
}

type Made = {
  /** The file that lists the platforms, built. */
  readonly path: string
  /** By architecture. */
  readonly derivations: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
}

/** @param name makes it another one; the platforms' images are named `<name>-<architecture>.json`. */
async function multiPlatform(scope: Scope, name: string, entries: readonly Entry[]): Promise<Made> {
  const file = join(await temporaryDirectory(scope, 'multi'), 'multi.nix')
  const shell = await busybox()
  await writeFile(
    file,
    `let
      shell = builtins.storePath ${shell};
      here = builtins.currentSystem;
      make = name: system: script: more: derivation ({ inherit name system; builder = "/bin/sh"; args = [ "-c" script ]; } // more);
      image = { architecture, system ? here, dependencySystem ? here, says ? architecture, fails ? false, byPath ? false }:
        make "${name}-\${architecture}.json" system (if fails then "echo broken; exit 1" else ''printf %s "$text" > $out'') {
          mark = "${RUN}";
          dependency = make "${name}-\${architecture}-dependency" dependencySystem "echo > $out" { mark = "${RUN}"; };
          text = builtins.toJSON {
            pushless = 1; name = "app"; architecture = says; os = "linux"; maxLayers = 10;
            contents = [ shell ];
            config.Entrypoint = [ "/bin/sh" "-c" "echo \${says}" ];
          };
        };
      entries = builtins.fromJSON ''${JSON.stringify(entries)}'';
      images = builtins.listToAttrs (map (entry: { name = entry.architecture; value = image entry; }) entries);
      name-of = entry:
        let it = images.\${entry.architecture}; in
        if entry.byPath or false then { image = "\${it}"; }
        else { derivation = builtins.unsafeDiscardOutputDependency it.drvPath; output = "out"; };
    in {
      inherit images;
      list = make "${name}.json" here ''printf %s "$text" > $out'' {
        text = builtins.toJSON {
          pushless = 1; name = "app";
          platforms = map (entry: { platform = { os = "linux"; inherit (entry) architecture; }; } // name-of entry) entries;
        };
      };
    }`,
  )
  const derivations: Record<string, string> = {}
  const outputs: Record<string, string> = {}
  for (const { architecture } of entries) {
    const derivation = await nixInstantiate(file, ['-A', `images.${architecture}`])
    derivations[architecture] = derivation
    outputs[architecture] = (await nixStore('--query', '--outputs', derivation))[0] ?? ''
  }
  const [path = ''] = await nixBuild(file, ['-A', 'list'])
  return { path, derivations, outputs }
}

type Index = {
  readonly digest: string
  readonly manifests: readonly (BuiltDescriptor & { platform: { architecture: string } })[]
}

/** What was begun, once as much as that is logged. */
const begun = (server: Pushless, count: number) =>
  until(() => (works(server).length < count ? undefined : works(server).sort()))

async function pullIndex(url: string, path: string, selector = 'nix'): Promise<Index> {
  const response = await fetch(`${repositoryUrl(url, path)}/manifests/${selector}`)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`)
  const { manifests } = JSON.parse(text) as Index
  return { digest: sha256(text), manifests }
}

const architectures = ({ manifests }: Index) => manifests.map(({ platform }) => platform.architecture)

const works = ({ logs }: Pushless) =>
  logs.flatMap(({ msg, kind, work }) => (msg === 'nix' && kind === 'started' ? [String(work)] : []))

void t.test('an image for two platforms', { skip: missing('nix') }, async (t) => {
  const { path, derivations, outputs } = await multiPlatform(t, 'two', [
    { architecture: 'arm64' },
    { architecture: 'amd64' },
  ])
  const first = await startPushless(t)
  const index = await pullIndex(first.url, path)
  t.strictSame(architectures(index), ['arm64', 'amd64'], 'in the order of the file')
  t.match(index.manifests[0], { mediaType: OCI.manifest, platform: { os: 'linux', architecture: 'arm64' } })
  t.strictSame(
    await begun(first, 2),
    [`${derivations['arm64']}!out`, `${derivations['amd64']}!out`].sort(),
    'built once',
  )

  await t.test('each of its manifests is that of the image by its own name', async (t) => {
    for (const { digest, size, platform } of index.manifests) {
      const output = outputs[platform.architecture] ?? ''
      const one = await fetch(`${repositoryUrl(first.url, path)}/manifests/${digest}`)
      const other = await fetch(`${repositoryUrl(first.url, output)}/manifests/nix`)
      const [text, otherText] = [await one.text(), await other.text()]
      t.equal(text, otherText)
      t.equal(Buffer.byteLength(text), size)
      const { config, layers } = JSON.parse(text) as { config: BuiltDescriptor; layers: BuiltDescriptor[] }
      for (const blob of [config, ...layers]) {
        const response = await fetch(`${repositoryUrl(first.url, path)}/blobs/${blob.digest}`)
        t.equal(sha256(Buffer.from(await response.arrayBuffer())), blob.digest)
      }
      await pullAll(first.url, output)
    }
  })

  await t.test('the same digest anywhere', async (t) => {
    const other = await startPushless(t)
    t.equal((await pullIndex(other.url, path, index.digest)).digest, index.digest)
  })

  await t.test('containerd runs it', { skip: missing('containerd', 'root') }, async (t) => {
    const containerd = await startContainerd(t)
    await containerd.hostsDir(first.url)
    t.match(await containerd.pull(imageName(path)), { exitCode: 0 })
    t.match(await containerd.run(imageName(path)), {
      exitCode: 0,
      stdout: process.arch === 'arm64' ? 'arm64' : 'amd64',
    })
  })

  await t.test(
    'known once, it is answered without what it names, which is built when it is asked for',
    async (t) => {
      await first.stop()
      await collect(first, outputs)
      const again = await startPushless(t, { state: first.state })
      t.equal((await pullIndex(again.url, path)).digest, index.digest)
      const [arm64] = index.manifests
      t.equal((await fetch(`${repositoryUrl(again.url, path)}/manifests/${arm64?.digest}`)).status, 200)
      t.strictSame(await begun(again, 1), [`${derivations['arm64']}!out`], 'the one, and not the other')
    },
  )

  await t.test('inspect says what it has', async (t) => {
    const state = await temporaryDirectory(t, 'state')
    const { stdout } = await execa(process.execPath, ['dist/main.js', 'inspect', '--state', state, path], {
      env: nixEnv,
    })
    t.match(stdout, `index     ${index.digest}`)
    t.match(stdout, /linux\/arm64 +sha256:/)
  })
})

/** Removes them from the store, and what keeps them there. */
async function collect({ state }: Pushless, outputs: Readonly<Record<string, string>>): Promise<void> {
  await execa('find', [state, '-type', 'l', '-delete'])
  for (const output of Object.values(outputs)) await nixStore('--delete', '--ignore-liveness', output)
}

void t.test('a platform that nothing here can build', { skip: missing('nix') }, async (t) => {
  const rows: [what: string, foreign: Partial<Entry>, args: string[], says: RegExp][] = [
    ['itself', { system: 'riscv64-linux' }, [], /riscv64-linux/],
    ['what it needs', { dependencySystem: 'riscv64-linux' }, [], /./],
    [
      'by the operator\u2019s list',
      { system: 'riscv64-linux' },
      ['--systems', 'x86_64-linux aarch64-linux'],
      /no builder for riscv64-linux/,
    ],
    ['not allowed', {}, ['--deny-names', '*riscv64*'], /matches \*riscv64\*/],
  ]
  for (const [what, foreign, args, says] of rows) {
    await t.test(what, async (t) => {
      const { path } = await multiPlatform(t, `foreign-${rows.findIndex(([row]) => row === what)}`, [
        { architecture: 'riscv64', ...foreign },
        { architecture: 'amd64' },
      ])
      const server = await startPushless(t, { args })
      const index = await pullIndex(server.url, path)
      t.strictSame(architectures(index), ['amd64'])
      const warning = await until(() => server.logs.find(({ missing: lacks }) => lacks !== undefined))
      t.match(warning, { level: 40, root: path })
      t.match(String(warning?.['missing']), /^linux\/riscv64: /)
      t.match(String(warning?.['missing']), says)

      const strict = await startPushless(t, { args: [...args], env: { PUSHLESS_PARTIAL_INDEX: 'off' } })
      const refused = await refusal(await fetch(`${repositoryUrl(strict.url, path)}/manifests/nix`))
      t.match(
        refused,
        what === 'not allowed' ? { status: 404 } : { status: 500, message: /for linux\/riscv64/ },
      )
    })
  }
})

void t.test('what may pass is no reason to leave a platform out', { skip: missing('nix') }, async (t) => {
  const { path } = await multiPlatform(t, 'fails', [
    { architecture: 'arm64', fails: true },
    { architecture: 'amd64' },
  ])
  const server = await startPushless(t)
  const refused = await refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`))
  t.match(refused, {
    status: 500,
    reason: 'nix build failed',
    message: /for linux\/arm64/,
    detail: { log: ['broken'] },
  })
})

void t.test('nothing at all can be built', { skip: missing('nix') }, async (t) => {
  const { path } = await multiPlatform(t, 'nothing', [{ architecture: 'riscv64', system: 'riscv64-linux' }])
  const { url } = await startPushless(t)
  t.match(await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`)), {
    status: 500,
    message: /for linux\/riscv64/,
  })
})

void t.test(
  'an index with fewer platforms stays what it was when there are more',
  { skip: missing('nix') },
  async (t) => {
    const { path } = await multiPlatform(t, 'grows', [{ architecture: 'arm64' }, { architecture: 'amd64' }])
    const few = await startPushless(t, { args: ['--deny-names', '*arm64*'] })
    const before = await pullIndex(few.url, path)
    t.strictSame(architectures(before), ['amd64'])
    await few.stop()
    const more = await startPushless(t, { state: few.state })
    const after = await pullIndex(more.url, path)
    t.strictSame(architectures(after), ['arm64', 'amd64'])
    t.match(
      await until(() => more.logs.find(({ before: digest }) => digest !== undefined)),
      { before: before.digest, digest: after.digest, level: 40 },
      'and the log says that it changed',
    )
    t.equal((await pullIndex(more.url, path, before.digest)).digest, before.digest)
    const elsewhere = await startPushless(t)
    t.equal((await pullIndex(elsewhere.url, path, before.digest)).digest, before.digest)
  },
)

void t.test('an image of another platform than is said', { skip: missing('nix') }, async (t) => {
  const { path, outputs } = await multiPlatform(t, 'wrong', [
    { architecture: 'arm64', says: 'amd64', byPath: true },
  ])
  const { url } = await startPushless(t)
  t.match(await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`)), {
    status: 500,
    message: `${outputs['arm64']}: is said to be for linux/arm64, and is linux/amd64`,
  })
})

void t.test('a list that is none', { skip: missing('nix') }, async (t) => {
  const { url } = await startPushless(t)
  const image = '/nix/store/00000000000000000000000000000000-x'
  const platform = { os: 'linux', architecture: 'amd64' }
  for (const [what, value, says] of [
    ['no platforms', { platforms: [] }, /platforms/],
    ['fields of one image', { platforms: [{ platform, image }], config: {} }, /several platforms/],
    [
      'image and derivation',
      { platforms: [{ platform, image, derivation: `${image}.drv` }] },
      /several platforms/,
    ],
    [
      'another system',
      { platforms: [{ platform: { ...platform, os: 'windows' }, image }] },
      /several platforms/,
    ],
    [
      'one platform twice',
      {
        platforms: [
          { platform, image },
          { platform, image },
        ],
      },
      /two images for the platform/,
    ],
    [
      'a file of an image',
      { platforms: [{ platform, image: `${image}/bin` }] },
      /not the store path of an image/,
    ],
    [
      'a derivation as an image',
      { platforms: [{ platform, image: `${image}.drv` }] },
      /not the store path of an image/,
    ],
    ['an image as a derivation', { platforms: [{ platform, derivation: image }] }, /not a derivation/],
    ['a path elsewhere', { platforms: [{ platform, image: '/etc/passwd' }] }, /several platforms/],
  ] as const) {
    const file = join(await temporaryDirectory(t, 'list'), 'list.json')
    await writeFile(file, JSON.stringify({ pushless: 1, name: 'app', ...value }))
    const [path = ''] = await nixStore('--add', file)
    const refused = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))
    t.match(refused, { status: 500, reason: 'not servable as an image', message: says }, what)
    t.match(refused.message, path, what)
  }
})
