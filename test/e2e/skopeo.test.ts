/** skopeo copies to a directory, and `sha256sum` judges every blob; the files in the layers are those of the store. */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { imageName, pullManifest, type Manifest } from './client.ts'
import { nixStore, shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'
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
  const { url } = await startPushless(t, { args: ['--serve-packages'] })
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
  const path = await shape('duplicates')
  const before = await digestOf(t, path)
  await nixStore('--optimise')
  const { stdout: links } = await execa('stat', ['-c', '%h', join(path, 'first')])
  t.ok(Number(links) > 1, 'equal files are one now')
  t.equal(await digestOf(t, path), before)
})

async function digestOf(t: Scope, path: string): Promise<string> {
  const server = await startPushless(t, { args: ['--serve-packages'] })
  return (await pullManifest(server.url, path)).digest
}

/** Nix's own view of a tree: names, contents, link targets, executable bits. */
async function nixHash(path: string): Promise<string> {
  return (await execa('nix-hash', ['--type', 'sha256', path])).stdout
}
