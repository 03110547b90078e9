/**
 * The two libraries from a store path, as an installed package has them: they make what they make in a checkout. Nix 2.8
 * gives what it reads in a store path that path's references, and newer ones only those that they find in the text.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { chrootNix, missingTrixieNix } from '../support/chroot-nix.ts'
import { nixEnv } from '../support/nix.ts'
import { root, withoutNix } from './nix-command.ts'

const LIMIT_MS = 60_000
const PARTS = [
  'objects',
  'rendered',
  'image',
  'json',
  'list',
  'directory',
  'script',
  'app',
  'versions',
  'registryImage',
]

/** Runs a command where the Nix is: its output. */
type Run = (args: readonly string[]) => Promise<string>

async function compare(t: Test, run: Run, checkout: string): Promise<void> {
  const fixture = (name: string) => join(checkout, 'test/fixtures', name)
  const results = async (library: string) => {
    const args = [
      '--eval',
      '--strict',
      '--json',
      fixture('library-results.nix'),
      '--argstr',
      'library',
      library,
    ]
    return JSON.parse(await run(['nix-instantiate', ...args])) as Readonly<Record<string, unknown>>
  }
  const build = [
    'nix-build',
    '--no-out-link',
    fixture('installed-library.nix'),
    '--argstr',
    'library',
    checkout,
  ]
  const installed = (await run(build)).trim()
  t.match(installed, /^\/nix\/store\/[0-9a-z]{32}-installed-library$/)
  t.match(
    await run(['nix-store', '--query', '--references', installed]),
    /-nix$/m,
    'it refers to another store path',
  )
  const [here, there] = [await results(checkout), await results(installed)]
  t.match(Object.keys(there).toSorted(), PARTS.toSorted(), 'nothing is missing')
  for (const [name, value] of Object.entries(here)) t.same(there[name], value, name)
}

void t.test('by this machine’s Nix', { skip: withoutNix }, async (t) => {
  await compare(t, runHere, root)
})

void t.test('by Nix 2.26', { skip: await missingTrixieNix() }, async (t) => {
  const nix = await chrootNix(t)
  for (const directory of ['nix', 'manifests', 'test/fixtures'])
    await nix.addDirectory(`checkout/${directory}`, join(root, directory))
  await nix.addFile('checkout/package.json', await readFile(join(root, 'package.json'), 'utf8'))
  await compare(t, (args) => nix.run(args), '/nix/files/checkout')
})

async function runHere([file = '', ...args]: readonly string[]): Promise<string> {
  const env = { ...nixEnv, NIX_PATH: '' }
  return (await execa(file, args, { env, timeout: LIMIT_MS })).stdout
}
