/** `pushless export --erofs`: all files of an image in one file system, as the kernel mounts it. */
import { mkdir, readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { exampleImage } from './example.ts'
import { exporter } from './exporter.ts'
import { archiveFixture } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'

void t.test('a file that is mounted', { skip: missing('nix', 'erofs-utils', 'root') }, async (t) => {
  const { run, directory } = await exporter(t)
  const file = join(directory, 'image.erofs')
  const path = await exampleImage()
  t.match(await run('--erofs', file, path), { exitCode: 0 })
  await execa('fsck.erofs', [file])
  const mount = join(directory, 'mount')
  await mkdir(mount)
  await execa('mount', ['-t', 'erofs', '-o', 'ro', file, mount])
  t.teardown(() => execa('umount', [mount]))
  t.match(await readFile(join(mount, 'etc/passwd'), 'utf8'), /^root:x:0:0:/)
  t.equal((await stat(join(mount, 'tmp'))).mode & 0o7777, 0o1777)
  const paths = await readdir(join(mount, 'nix/store'))
  t.ok(paths.length > 0)
  for (const name of paths) {
    const { stdout } = await execa('diff', ['-r', `/nix/store/${name}`, join(mount, 'nix/store', name)], {
      reject: false,
    })
    t.equal(stdout, '', name)
  }
  t.match(await run('--erofs', file, path), { exitCode: 2, stderr: /is there already/ })
})

void t.test('what is refused', { skip: missing('nix') }, async (t) => {
  const { run, directory } = await exporter(t)
  const file = join(directory, 'image.erofs')
  const archive = await archiveFixture('buildLayeredImage', 'gz')
  t.match(await run('--erofs', file, archive), { exitCode: 1, stderr: /made elsewhere as tar/ })
  t.match(await run('--erofs', file, '--output', 'x', archive), {
    exitCode: 2,
    stderr: /cannot be used with/,
  })
  t.match(await run('--erofs', file, archive, archive), { exitCode: 2, stderr: /writes one image/ })
  t.same(await readdir(directory), [])
})
