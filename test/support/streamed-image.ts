/** An image of dockerTools.streamLayeredImage as nixpkgs lays it out in the store, and the archive that its script would write. */
import { createHash } from 'node:crypto'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { temporaryDirectory, type Scope } from './scope.ts'
import { storeFile } from './store-file.ts'

const STREAM = fileURLToPath(new URL('stream-conf.py', import.meta.url))

export type StreamedImage = { readonly script: StorePath; readonly conf: StorePath }

/** @param links of the customisation layer: names below `/` to targets. */
export async function customisationLayer(links: Readonly<Record<string, string>>): Promise<StorePath> {
  return makeStorePath('streamed-customisation-layer', async (path) => {
    const root = `${path}-root`
    for (const [name, target] of Object.entries(links)) {
      await mkdir(join(root, name, '..'), { recursive: true })
      await symlink(target, join(root, name))
    }
    await mkdir(join(root, 'tmp'), { recursive: true, mode: 0o1777 })
    // As mkCustomisationLayer has it.
    const { stdout } = await execa(
      'tar',
      [
        '--hard-dereference',
        '--sort=name',
        '--mtime=@1',
        '--owner=0',
        '--group=0',
        '-C',
        root,
        '-cf',
        '-',
        '.',
      ],
      { encoding: 'buffer' },
    )
    await mkdir(path)
    await writeFile(join(path, 'layer.tar'), stdout)
    await writeFile(join(path, 'checksum'), `${createHash('sha256').update(stdout).digest('hex')}\n`)
  })
}

/** @param fields of the conf over those of an empty image. @param references paths that the conf may name. */
export async function streamedImage(
  fields: Readonly<Record<string, unknown>>,
  references: readonly string[],
): Promise<StreamedImage> {
  const conf = await storeFile('streamed-conf.json', JSON.stringify({ ...EMPTY, ...fields }, undefined, 2), {
    references,
  })
  // Of a makeWrapper script; the Python that it would run isn't there.
  const text = `#! /bin/sh -e\nexec "/nix/store/${'0'.repeat(32)}-stream"  ${conf} "$@" \n`
  return {
    conf,
    script: await storeFile('stream-streamed', text, { references: [conf], isExecutable: true }),
  }
}

const EMPTY = {
  architecture: 'amd64',
  config: {},
  os: 'linux',
  store_dir: '/nix/store',
  from_image: null,
  store_layers: [],
  repo_tag: 'streamed:tag-1',
  created: '1970-01-01T00:00:01+00:00',
  mtime: '1970-01-01T00:00:01+00:00',
  uid: '0',
  gid: '0',
  uname: 'root',
  gname: 'root',
}

/** The docker archive that Python makes of a conf. @returns a file of the scope. */
export async function streamedArchive(scope: Scope, conf: StorePath): Promise<string> {
  const file = join(await temporaryDirectory(scope, 'streamed'), 'archive.tar')
  await execa('python3', [STREAM, conf], { stdout: { file }, env: { PYTHONUTF8: '1' } })
  return file
}
