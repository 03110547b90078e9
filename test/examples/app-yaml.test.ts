/** The application without Nix, with a flake of the test's own instead of the nixpkgs that it is pinned to. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { execa } from 'execa'
import t from 'tap'
import { commandsOf } from './example-build.ts'
import { root, withoutNix } from '../nix/nix-command.ts'
import { kubectlFor } from '../support/kubectl.ts'
import { nixEnv } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const TIME_LIMIT_MS = 120_000
const FILE = 'app-yaml/app.yaml'
const CREATED = [
  'serviceaccount/darkhttpd',
  'configmap/darkhttpd-files',
  'deployment.apps/darkhttpd',
  'service/darkhttpd',
  'ingress.networking.k8s.io/darkhttpd',
  'poddisruptionbudget.policy/darkhttpd',
]

const FLAKE = `{
  outputs = _: {
    legacyPackages = builtins.listToAttrs (map (system: {
      name = system;
      value.darkhttpd = derivation {
        name = "darkhttpd";
        inherit system;
        builder = "/bin/sh";
        PATH = "/usr/bin:/bin";
        args = [ "-euc" "mkdir -p $out/bin; printf '#!/bin/sh\\n' > $out/bin/darkhttpd; chmod +x $out/bin/darkhttpd" ];
      };
    }) [ "x86_64-linux" "aarch64-linux" ]);
  };
}
`

void t.test('app.yaml', { skip: withoutNix || missing('git') }, async (t) => {
  const [make = '', apply] = await commandsOf(FILE)
  t.equal(make, `pushless manifests examples/${FILE}`)
  t.equal(apply, 'kubectl apply -f result')

  const directory = await temporaryDirectory(t, 'app-yaml')
  const text = await readFile(`${root}examples/${FILE}`, 'utf8')
  const pinned = /github:NixOS\/nixpkgs\/[0-9a-f]{40}/
  t.match(text, pinned)
  await mkdir(join(directory, 'examples/app-yaml'), { recursive: true })
  await writeFile(join(directory, 'examples', FILE), text.replace(pinned, await flake(t)))

  const pushless = async (...args: readonly string[]) =>
    execa(execPath, ['--disable-warning=ExperimentalWarning', `${root}dist/main.js`, ...args], {
      cwd: directory,
      env: { ...nixEnv, HOME: directory },
      timeout: TIME_LIMIT_MS,
    })
  const made = await pushless(...make.split(' ').slice(1))
  t.match(made.stdout, /^result -> \/nix\/store\/.*\.json$/m)
  const checked = await pushless('manifests', 'check', '--no-registry', 'result')
  t.match(checked.stdout, /^6 objects for Kubernetes [0-9.]+, 0 problems$/)

  await t.test('is taken by kubectl, in order', { skip: missing('kubectl') }, async (t) => {
    const { dryRun } = await kubectlFor(t)
    t.same(await dryRun('-f', join(directory, 'result')), { created: CREATED, stderr: '' })
  })
})

/** A flake with the package that the example names, pinned as such must be. */
async function flake(scope: Scope): Promise<string> {
  const directory = await temporaryDirectory(scope, 'flake')
  await writeFile(join(directory, 'flake.nix'), FLAKE)
  const git = async (...args: readonly string[]) =>
    execa('git', ['-C', directory, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args])
  await git('init', '--quiet')
  await git('add', 'flake.nix')
  await git('commit', '--quiet', '--message', 'A package')
  const { stdout } = await git('rev-parse', 'HEAD')
  return `git+file://${directory}?rev=${stdout}`
}
