/** nix/package.nix, built by real Nix with a stub for nixpkgs, and what it makes, run from its store path. */
import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { execa } from 'execa'
import { installNodeModules, narHash, writtenHash } from '../../scripts/node-modules-hash.ts'
import { nixBuild, nixStore, only } from '../support/nix.ts'
import { missingPackageRegistry } from '../support/package-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { testInstalled } from './installed-package.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

type Locked = Readonly<Record<string, unknown>>

void t.test('one hash of the modules is right on every system: none is of one system alone', async (t) => {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>
  }
  const needed = Object.entries(lock.packages).filter(
    ([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true,
  )
  t.ok(needed.length > 50)
  const special = needed.filter(([, facts]) =>
    ['os', 'cpu', 'libc', 'optional', 'hasInstallScript'].some((fact) => fact in facts),
  )
  t.strictSame(
    special.map(([path]) => path),
    [],
  )
})

const skip = missing('nix') || (await missingPackageRegistry())

void t.test('the package', { skip }, async (t) => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const modules = join(await temporaryDirectory(t, 'modules'), `pushless-node-modules-${version}`)
  await installNodeModules(modules)
  const isRight = t.equal(
    await writtenHash(),
    await narHash(modules),
    'the hash in nix/package.nix, else run: node scripts/node-modules-hash.ts --write',
  )
  if (!isRight) return

  // Nix has what the derivation of the modules would make, by its name and hash, so nothing is fetched in a sandbox.
  await nixStore('--add-fixed', '--recursive', 'sha256', modules)
  const store = only(await nixBuild(join(root, 'test/fixtures/package.nix'), await programs(root)))
  const references = await nixStore('--query', '--references', store)
  t.notOk(
    references.some((path) => path.includes('-node-modules-')),
    'needs no modules at run time',
  )
  await t.test('runs', (t) => testInstalled(t, [join(store, 'bin/pushless')]))
  for (const [file, begins] of [
    ['man/man1/pushless.1', '.TH PUSHLESS'],
    ['bash-completion/completions/pushless', '# Completion of pushless for bash'],
    ['zsh/site-functions/_pushless', '#compdef pushless'],
    ['fish/vendor_completions.d/pushless.fish', '# Completion of pushless for fish'],
  ] as const)
    t.ok((await readFile(join(store, 'share', file), 'utf8')).startsWith(begins), file)

  await t.test('is made again of an installed one, where there are no sources', async (t) => {
    const installed = join(store, 'lib/pushless')
    const again = only(
      await nixBuild(join(root, 'test/fixtures/package.nix'), [
        ...(await programs(root)),
        '--arg',
        'package',
        join(installed, 'nix/package.nix'),
      ]),
    )
    const { stdout } = await execa(join(again, 'bin/pushless'), ['--version'])
    t.equal(stdout, version)
  })
})

async function programs(root: string): Promise<readonly string[]> {
  return [
    ['node', await realpath(process.execPath)],
    ['esbuild', join(root, 'node_modules/.bin/esbuild')],
  ].flatMap(([name = '', file = '']) => ['--argstr', name, file])
}
