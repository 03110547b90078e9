/** `graph`, `why`, `top`, `diff` and `licences`, of two images: the second has a newer tool. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { build, root } from '../nix/nix-command.ts'
import { busybox, nixEnv } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TIME_LIMIT_MS = 60_000

const EXPRESSION = (shell: string, version: string) => `
  let
    sh = name: more: derivation ({ inherit name; system = builtins.currentSystem; builder = "/bin/sh"; } // more);
    lib = sh "lib-2.0" { args = [ "-c" "echo lib > $out" ]; } // {
      meta.license = { licenseType = "compound"; operator = "OR"; licenses = [ { spdxId = "GPL-3.0-only"; } { spdxId = "MIT"; } ]; };
    };
    tool = sh "tool-${version}" {
      args = [ "-c" "echo ${version} $lib $shell > $out" ];
      inherit lib;
      shell = builtins.storePath ${shell};
      pname = "tool";
      version = "${version}";
      password = "a secret of the build";
    };
  in
  image { name = "web"; files."/tool".source = tool; layers = [ [ lib ] [ tool ] ]; }
`

void t.test('what is in an image', { skip: missing('nix') }, async (t) => {
  const shell = await busybox()
  const image = await build(EXPRESSION(shell, '1.2'))
  const newer = await build(EXPRESSION(shell, '1.3'))
  const directory = await temporaryDirectory(t, 'insight')
  const run = async (...args: readonly string[]) => {
    const command = ['--disable-warning=ExperimentalWarning', `${root}dist/main.js`, ...args]
    const env = { ...nixEnv, PUSHLESS_STATE: join(directory, 'state') }
    return execa(process.execPath, command, { env, timeout: TIME_LIMIT_MS, reject: false })
  }
  const output = async (...args: readonly string[]) => {
    const { stdout, stderr, exitCode } = await run(...args)
    t.equal(exitCode, 0, `${args.join(' ')}: ${stderr}`)
    return stdout
  }

  const document = await output('sbom', image)
  const file = join(directory, 'web.json')
  await writeFile(file, document)
  const registry = await startPushless(t)

  const tree = await output('graph', image)
  t.match(tree, /^web\n└─ tool 1\.2 {2}0\.\d kB\n {3}├─ busybox.*\n {3}└─ lib 2\.0 {2}/)
  t.equal(await output('graph', file), tree, 'the same from a document')
  t.equal(await output('graph', '--registry', registry.url, image), tree, 'the same from a registry')

  const derivations = await output('graph', '--build', '--json', image)
  const { nodes } = JSON.parse(derivations) as { nodes: { name: string }[] }
  t.strictSame(nodes.map(({ name }) => name).toSorted(), ['lib', 'tool', 'web', 'web-metadata.json'])
  t.notMatch(derivations, /secret/)
  t.match(await output('graph', '--format', 'svg', image), /<svg[^]*>tool 1\.2</)
  t.match(await output('graph', '--format', 'dot', image), /^digraph/)

  const way = await output('why', image, 'tool-1.2')
  t.match(way, /^tool 1\.2, 0\.\d kB: 1 shortest way of 1 step\n.*\n\n {2}web\n {2}└─ tool 1\.2$/)
  const { components } = JSON.parse(await output('top', '--json', image)) as {
    components: { name: string }[]
  }
  t.equal(components[0]?.name, 'tool', 'it brings all others')
  for (const line of (await output('top', image)).split('\n')) t.ok(line.length <= 80, line)

  const difference = await output('diff', image, newer)
  t.match(difference, /^Changed \(1\)\n.*\ntool +1\.2 +1\.3 +\+0\.0 kB\n/)
  t.match(difference, /; an update moves \d layers? of /)
  t.match(await output('diff', file, image), /^packages {2}3 unchanged, 0 only rebuilt/)

  t.match(
    await output('licences', image, '--deny', 'GPL-3.0*'),
    /Allowed \(1\)[^]*lib 2\.0 +GPL-3\.0-only OR MIT\n[^]*3 packages: 0 denied, 1 allowed, 2 without a known licence$/,
  )
  const denied = await run('licences', file, '--deny', 'GPL-3.0*', 'MIT')
  t.match(denied, { exitCode: 1, stderr: '', stdout: /^Denied \(1\)/ })

  for (const [args, message] of [
    [['why', image, 'tol'], /^pushless: the image has no component tol, did you mean tool\?$/],
    [['graph', `/nix/store/${'0'.repeat(32)}-gone`], /^pushless: /],
    [['graph', '--build', file], /^pushless: --build reads derivations/],
    [['top', '--limit', 'x', image], /^pushless: --limit x: expected a whole number above 0$/],
    [
      ['graph', '--registry', 'http://127.0.0.1:1', image],
      /^pushless: cannot reach http:\/\/127\.0\.0\.1:1: /,
    ],
  ] as const) {
    const { exitCode, stderr } = await run(...args)
    t.not(exitCode, 0, args.join(' '))
    t.match(stderr, message)
  }
})
