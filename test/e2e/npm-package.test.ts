/** The npm package: packed, installed in an empty directory, and run from there. */
import { readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { execa } from 'execa'
import { missingPackageRegistry } from '../support/package-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { testInstalled } from './installed-package.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const LIMIT_MS = 120_000

const skip = missing('nix') || (await missingPackageRegistry())

void t.test('npm pack, installed', { skip }, async (t) => {
  const directory = await temporaryDirectory(t, 'npm')
  await npm(root, 'pack', '--pack-destination', directory)
  const [tarball = ''] = await readdir(directory)
  t.match(tarball, /^pushless-[0-9.]+\.tgz$/)

  await writeFile(join(directory, 'package.json'), '{"private":true}')
  await npm(directory, 'install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`)
  const installed = join(directory, 'node_modules/pushless')
  t.strictSame((await readdir(installed)).toSorted(), [
    'LICENSE',
    'README.md',
    'dist',
    'manifests',
    'nix',
    'package.json',
    'web',
  ])
  // The link that npm made, by its first line: with the Node that runs this test.
  const { PATH = '' } = process.env
  await testInstalled(t, [
    'env',
    `PATH=${dirname(process.execPath)}:${PATH}`,
    join(directory, 'node_modules/.bin/pushless'),
  ])
})

async function npm(cwd: string, ...args: readonly string[]) {
  return execa('npm', [...args, '--loglevel=error'], { cwd, timeout: LIMIT_MS })
}
