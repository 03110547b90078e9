/** skopeo copies to a directory, and `sha256sum` judges every blob; the files in the layers are those of the store. */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { imageName, pullManifest, type Manifest } from './client.ts'
import { nixStore, shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { scoped, temporaryDirectory } from '../support/scope.ts'
import { copyToDir } from '../support/skopeo.ts'

const SHAPES = [
  'chain',
  'diamond',
  'emptyDirectory',
  'symlinks',
  'files',
  'longPaths',
  'utf8',
  'invalidUtf8',
  'duplicates',
  'upperCase',
  'plus',
]

void t.test('skopeo', { skip: missing('nix', 'skopeo') }, async (t) => {
  const { url } = await sharedPushless('--serve-packages')
  for (const attribute of SHAPES) {
    await t.test(attribute, async (t) => {
      const path = await shape(attribute)
      const image = await copyToDir(t, imageName(path), url)
      const { config, layers } = JSON.parse(await readFile(join(image, 'manifest.json'), 'utf8')) as Manifest
      const files = [config, ...layers].map(({ digest }) => digest.replace('sha256:', ''))
      const { stdout } = await execa('sha256sum', files, { cwd: image, lines: true })
      t.same(
        stdout,
        files.map((file) => `${file}  ${file}`),
        'sha256sum agrees',
      )

      const root = await temporaryDirectory(t, 'root')
      await mkdir(join(root, 'nix'), { recursive: true })
      for (const { digest } of layers) {
        await execa('tar', [
          '-xf',
          join(image, digest.replace('sha256:', '')),
          '-C',
          root,
          '--no-same-owner',
          '--delay-directory-restore',
        ])
      }
      for (const member of await nixStore('--query', '--requisites', path)) {
        t.equal(
          await nixHash(join(root, member)),
          await nixHash(member),
          `${member.slice(44)}: GNU tar unpacks what Nix has`,
        )
      }
    })
  }
})

void t.test('an optimised store gives the same layers', { skip: missing('nix') }, async (t) => {
  const salt = ['--argstr', 'salt', `optimised-${process.pid}`]
  const path = await shape('duplicates', salt)
  const before = await digestOf(path)
  // Made again: `nix-store --optimise` reads the whole store of the machine.
  await nixStore('--delete', path)
  t.equal(await shape('duplicates', [...salt, '--option', 'auto-optimise-store', 'true']), path)
  const { stdout: links } = await execa('stat', ['-c', '%h', join(path, 'first')])
  t.ok(Number(links) > 1, 'equal files are one now')
  t.equal(await digestOf(path), before)
})

/** The digest by a server that knows nothing yet. */
async function digestOf(path: string): Promise<string> {
  return scoped(async (scope) => {
    const server = await startPushless(scope, { args: ['--serve-packages'] })
    return (await pullManifest(server.url, path)).digest
  })
}

/** Nix's own view of a tree: names, contents, link targets, executable bits. */
async function nixHash(path: string): Promise<string> {
  return (await execa('nix-hash', ['--type', 'sha256', path])).stdout
}
