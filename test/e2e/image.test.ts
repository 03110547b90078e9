/** Images of the image library, from an expression to files in the container's root. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { execa } from 'execa'
import { extract } from 'tar-stream'
import { pullAll, pullManifest, refusal, repositoryUrl, sha256 } from './client.ts'
import { exampleImage } from './example.ts'
import { busybox, nixEnv, nixStore } from '../support/nix.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const LIBRARY = fileURLToPath(new URL('../../nix', import.meta.url))

void t.test('the whole of what an image can say', { skip: missing('nix') }, async (t) => {
  const shell = await busybox()
  const path = await build(`{
    name = "whole";
    contents = [ (builtins.storePath ${shell}) ];
    entrypoint = [ "/bin/sh" "-c" ];
    cmd = [ "echo ok" ];
    env = { GREETING = "hello"; ANSWER = 42; };
    user = "1000";
    workingDir = "/tmp";
    ports = [ 8080 "53/udp" ];
    labels = { "org.example.label" = "yes"; };
    config.StopSignal = "SIGINT";
    files = {
      "/etc/app.conf" = "key = value\\n";
      "/bin/own" = { text = "#!/bin/sh\\necho own\\n"; mode = "0755"; };
      "/etc/passwd" = "app:x:1000:1000::/:/bin/sh\\n";
    };
    links."/usr/bin/env" = "\${builtins.storePath ${shell}}/bin/env";
    architecture = "arm64";
    maxLayers = 2;
  }`)
  const { url } = await sharedPushless()
  const { manifest } = await pullManifest(url, path)
  const blobs = await pullAll(url, path)
  const config = JSON.parse(String(blobs.get(manifest.config.digest))) as Record<string, unknown>
  t.match(config, { architecture: 'arm64', os: 'linux', created: '1970-01-01T00:00:01Z' })
  t.strictSame(config['config'], {
    Cmd: ['echo ok'],
    Entrypoint: ['/bin/sh', '-c'],
    Env: ['ANSWER=42', 'GREETING=hello'],
    ExposedPorts: { '53/udp': {}, '8080/tcp': {} },
    Labels: { 'org.example.label': 'yes' },
    StopSignal: 'SIGINT',
    User: '1000',
    WorkingDir: '/tmp',
  })
  t.strictSame(config['rootfs'], { type: 'layers', diff_ids: manifest.layers.map(({ digest }) => digest) })

  const root = await entriesOf(blobs.get(manifest.layers.at(-1)?.digest ?? ''))
  t.match(root.get('tmp/'), { type: 'directory', mode: 0o1777 })
  t.match(root.get('etc/nsswitch.conf'), { text: /^hosts: files dns$/m })
  t.match(root.get('etc/group'), { text: /^root:x:0:$/m })
  t.match(root.get('etc/passwd'), { text: 'app:x:1000:1000::/:/bin/sh\n' }, 'the image\u2019s own wins')
  t.match(root.get('etc/app.conf'), { text: 'key = value\n', mode: 0o444 })
  t.match(root.get('bin/'), { type: 'directory', mode: 0o755 })
  t.match(root.get('bin/own'), { mode: 0o755, text: /echo own/ })
  t.match(root.get('bin/cat'), { type: 'symlink', linkname: `${shell}/bin/cat` })
  t.match(root.get('usr/bin/env'), { type: 'symlink', linkname: `${shell}/bin/env` })
  t.notOk(
    [...root.keys()].some((name) => name.includes(path)),
    'the image file itself is not in the image',
  )
})

void t.test('a change of the config changes no store layer', { skip: missing('nix') }, async (t) => {
  const shell = await busybox()
  const { url } = await sharedPushless()
  const layers: string[][] = []
  for (const greeting of ['one', 'two']) {
    const path = await build(
      `{ name = "${greeting}"; contents = [ (builtins.storePath ${shell}) ]; env.GREETING = "${greeting}"; }`,
    )
    layers.push((await pullManifest(url, path)).manifest.layers.map(({ digest }) => digest))
  }
  t.strictSame(layers[0], layers[1])
})

void t.test('the golden image', { skip: missing('nix') }, async (t) => {
  // Made of bytes in this file alone, so that the digest is the same on every machine. Another digest means a new
  // format: every image ever pinned would change with it.
  const source = join(await temporaryDirectory(t, 'golden'), 'golden')
  await execa('mkdir', ['-p', join(source, 'bin')])
  await writeFile(join(source, 'bin', 'program'), '#!/bin/sh\necho golden\n', { mode: 0o755 })
  await writeFile(join(source, 'data'), 'golden\n')
  const [content = ''] = await nixStore('--add', source)
  const path = await build(
    `{ name = "golden"; contents = [ (builtins.storePath ${content}) ]; entrypoint = [ "/bin/program" ]; architecture = "amd64"; system = "x86_64-linux"; maxLayers = 60; }`,
  )
  const { url } = await sharedPushless()
  const { digest, text } = await pullManifest(url, path)
  t.equal(digest, sha256(text))
  t.equal(digest, GOLDEN)
})

const GOLDEN = 'sha256:50e99d03fed6cd050080f7cd9383341649c1a22e7d40907a2f0b7510877d28d9'

void t.test('a file that only looks like an image', { skip: missing('nix') }, async (t) => {
  const { url } = await sharedPushless()
  const rows: [text: string, status: number, says: RegExp][] = [
    ['{"pushless": 1}', 500, /not a pushless image of version 1/],
    ['{"pushless": 2, "name": "later"}', 500, /not a pushless image of version 1/],
    ['{"pushless": 1, "name": "x"', 404, /no such store path/],
    ['{"other": 1}', 404, /no such store path/],
    ['text', 404, /no such store path/],
  ]
  for (const [text, status, says] of rows) {
    const file = join(await temporaryDirectory(t, 'image'), 'looks-like-an-image')
    await writeFile(file, text)
    const [path = ''] = await nixStore('--add', file)
    const got = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))
    t.equal(got.status, status, text)
    t.match(got.message, says, text)
  }
})

void t.test('inspect says what is served', { skip: missing('nix') }, async (t) => {
  const path = await exampleImage()
  const { url } = await sharedPushless()
  const { digest, manifest } = await pullManifest(url, path)
  const state = await temporaryDirectory(t, 'state')
  const run = (...args: string[]) =>
    execa(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', 'dist/main.js', 'inspect', '--state', state, ...args],
      {
        env: nixEnv,
        reject: false,
      },
    )
  const all = ['closure', 'digest', 'plan', 'realise', 'source']
  for (const [name, steps] of [
    [path, all],
    [path.slice('/nix/store/'.length), ['realise']],
    [path.slice('/nix/store/'.length).slice(0, 32), ['realise']],
    [`nix.internal${path}:nix`, ['realise']],
  ] as const) {
    const { stdout } = await run('--json', name)
    const facts = JSON.parse(stdout) as {
      manifest: { digest: string }
      kind: string
      layers: { digest: string; storePaths: string[] }[]
      milliseconds: object
    }
    t.equal(facts.manifest.digest, digest, name)
    t.equal(facts.kind, 'pushless image')
    t.strictSame(
      facts.layers.map((layer) => layer.digest),
      manifest.layers.map((layer) => layer.digest),
    )
    t.same(Object.keys(facts.milliseconds).sort(), steps, 'made once')
    const closure = await nixStore('--query', '--requisites', path)
    t.same(
      facts.layers.flatMap(({ storePaths }) => storePaths).sort(),
      closure.filter((member) => member !== path).sort(),
    )
  }
  t.match((await run(path)).stdout, new RegExp(`manifest +${digest}`))
  t.match(await run('not-an-image'), { exitCode: 1, stderr: /^pushless: not an image: not-an-image/ })
  t.match(await run(`/nix/store/${'0'.repeat(32)}-x`), {
    exitCode: 1,
    stderr: /^pushless: no such store path/,
  })
  t.match(await run(await busybox()), { exitCode: 1, stderr: /--serve-packages/ })
})

async function build(attributes: string): Promise<string> {
  const expression = `(import ${LIBRARY} { }).image ${attributes}`
  const { stdout } = await execa('nix-build', ['--no-out-link', '-E', expression], { env: nixEnv })
  return stdout.trim()
}

type Entry = {
  readonly type: string
  readonly mode: number
  readonly linkname: string
  readonly text: string
}

async function entriesOf(tar: Buffer | undefined): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>()
  const reader = extract()
  reader.end(tar)
  for await (const entry of reader) {
    let text = ''
    for await (const chunk of entry) text += String(chunk)
    const { name, type, mode, linkname } = entry.header
    entries.set(name, { type: type ?? '', mode: mode ?? 0, linkname: linkname ?? '', text })
  }
  return entries
}
