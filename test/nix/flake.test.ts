import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { nixEnv } from '../support/nix.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { evaluate, evaluateAll, refusal, root, withoutNix } from './nix-command.ts'

// flake.nix as Nix calls it, with a stub for nixpkgs: what it gives is evaluated, and nothing of nixpkgs is needed.
const stub = `import ${root}test/nix/stub-nixpkgs`
const outputs = `
  let
    flake = import ${root}flake.nix;
    outputs = flake.outputs { self = outputs; nixpkgs = ${stub}; };
  in
`

void t.test('outputs of the flake', { skip: withoutNix }, async (t) => {
  t.same(await evaluate(`${outputs} builtins.attrNames outputs`), ['apps', 'lib', 'nixosModules', 'packages'])
  const systems = ['aarch64-darwin', 'aarch64-linux', 'x86_64-darwin', 'x86_64-linux']
  for (const output of ['apps', 'packages'])
    t.same(await evaluate(`${outputs} builtins.attrNames outputs.${output}`), systems, output)
  const [drvs, app, input] = await evaluateAll(
    [
      'map (packages: packages.default.drvPath) (builtins.attrValues outputs.packages)',
      'outputs.apps.x86_64-linux.default',
      'flake.inputs.nixpkgs.url',
    ],
    outputs,
  )
  t.match(
    drvs,
    Array.from(systems, () => /-pushless-[0-9.]+\.drv$/),
  )
  t.notOk(await evaluate(`${outputs} outputs.packages.aarch64-darwin ? image`), 'images are for Linux')
  t.match(
    await evaluate(`${outputs} outputs.packages.x86_64-linux.image.imageRef`),
    /^nix\.internal\/nix\/store\/[0-9a-z]{32}-pushless:nix$/,
  )
  t.match(app, { type: 'app', program: /-pushless-[0-9.]+\/bin\/pushless$/ })
  t.match(input, /^github:NixOS\/nixpkgs\//)
})

void t.test('the library of the flake', { skip: withoutNix }, async (t) => {
  const one =
    '[ (outputs.lib.pod { name = "a"; containers.b.image = outputs.lib.image { name = "c"; system = "x86_64-linux"; }; }) ]'
  t.match(
    await evaluate(`${outputs} ((outputs.lib.forSystem "aarch64-linux").list "all" ${one}).system`),
    'aarch64-linux',
  )
  t.match(
    await refusal(`${outputs} (outputs.lib.list "all" ${one}).drvPath`),
    /^list: system is unknown in pure evaluation/,
  )
})

void t.test('the package', { skip: withoutNix }, async (t) => {
  const [name, meta, installPhase, modules] = await evaluateAll(
    [
      'it.name',
      'it.meta',
      'it.installPhase',
      '{ inherit (it.dist.nodeModules) name outputHash outputHashMode impureEnvVars; }',
    ],
    `${outputs} let it = outputs.packages.x86_64-linux.default; in`,
  )
  t.match(name, /^pushless-[0-9]/)
  t.match(meta, { mainProgram: 'pushless', license: { spdxId: 'Apache-2.0' } })
  t.match(installPhase, /makeWrapper \S+-nodejs\/bin\/node \$out\/bin\/pushless/)
  t.match(modules, {
    name: /-node-modules-/,
    outputHash: /^sha256-(?!A{43}=)/,
    outputHashMode: 'recursive',
    impureEnvVars: ['https_proxy', 'NODE_EXTRA_CA_CERTS', 'NPM_CONFIG_REGISTRY'],
  })
})

void t.test('nix flake check finds nothing wrong', { skip: withoutNix }, async (t) => {
  const directory = await temporaryDirectory(t, 'flake')
  const flake = join(directory, 'pushless')
  await mkdir(flake)
  const parts = [
    'flake.nix',
    'package.json',
    'package-lock.json',
    'nix',
    'manifests',
    'web',
    'src',
    'scripts',
  ]
  for (const part of parts) await cp(join(root, part), join(flake, part), { recursive: true })
  const nixpkgs = join(directory, 'nixpkgs')
  await cp(join(root, 'test/nix/stub-nixpkgs'), nixpkgs, { recursive: true })
  await writeFile(
    join(nixpkgs, 'flake.nix'),
    '{ outputs = _: { inherit (import ./default.nix) lib legacyPackages; }; }',
  )
  const args = ['--no-build', '--no-write-lock-file', '--override-input', 'nixpkgs', `path:${nixpkgs}`]
  const { exitCode, stderr } = await execa('nix', ['flake', 'check', `path:${flake}`, ...args], {
    env: { ...nixEnv, HOME: directory, XDG_CACHE_HOME: join(directory, 'cache') },
    reject: false,
    timeout: 60_000,
  })
  t.equal(exitCode, 0, stderr)
})
