/** Exported images where no registry is: those that load them find their names, digests and files, and run them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { imageName, pullManifest } from './client.ts'
import { exampleImage, exampleManifest } from './example.ts'
import { startContainerd } from '../support/containerd.ts'
import { imageDifferences, readImageDirectory } from '../support/image-files.ts'
import { podmanFor } from '../support/podman.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { copySourceToDir, copyToDir } from '../support/skopeo.ts'
import { exporter } from './exporter.ts'

const HELLO = /^Hello from \/nix\/store\/[a-z0-9]{32}-hello$/m
/** No registry is there: whoever asks for an image fails. */
const NOWHERE = 'http://127.0.0.1:9'

void t.test('a node without any registry', { skip: missing('nix', 'containerd', 'root') }, async (t) => {
  const { run, directory } = await exporter(t)
  const { digest } = await pullManifest((await startPushless(t)).url, await exampleImage())
  const pod = JSON.parse(await readFile(await exampleManifest(), 'utf8')) as {
    items: [{ spec: { containers: [{ image: string }] } }]
  }
  const [{ image: name }] = pod.items[0].spec.containers
  const containerd = await startContainerd(t)
  for (const format of ['docker-archive', 'oci-archive']) {
    const file = join(directory, format)
    t.match(await run('--format', format, '--output', file, await exampleImage()), {
      exitCode: 0,
      stderr: '',
      stdout: '',
    })
    t.match(
      await containerd.ctr('images', 'import', '--snapshotter', containerd.snapshotter, file),
      { exitCode: 0 },
      format,
    )
    const listed = await containerd.ctr('images', 'ls', `name==${name}`)
    t.match(listed.stdout, digest, 'under the name that the Pod has, with the digest that is served')
    t.match(await containerd.run(name), { exitCode: 0, stdout: HELLO })
    await containerd.remove(name)
  }
})

void t.test('podman load', { skip: missing('nix', 'podman', 'root') }, async (t) => {
  const { run, directory } = await exporter(t)
  const path = await exampleImage()
  const podman = await podmanFor(t, NOWHERE)
  for (const args of [
    ['docker-archive'],
    ['oci-archive'],
    ['docker-archive', '--gzip'],
    ['docker-archive', '--zstd'],
  ]) {
    const file = join(directory, args.join(''))
    t.match(await run('--output', file, path, '--format', ...args), { exitCode: 0 })
    t.match(await podman.podman('load', '--input', file), { exitCode: 0 }, args.join(' '))
    t.match(await podman.podman('run', '--rm', '--pull', 'never', imageName(path)), {
      exitCode: 0,
      stdout: HELLO,
    })
    t.match(await podman.podman('rmi', imageName(path)), { exitCode: 0 })
  }
})

void t.test('skopeo reads each format as what is served', { skip: missing('nix', 'skopeo') }, async (t) => {
  const { run, directory } = await exporter(t)
  const path = await exampleImage()
  const { url } = await sharedPushless()
  const served = await copyToDir(t, imageName(path), url)
  const manifest = await readFile(join(served, 'manifest.json'), 'utf8')
  for (const format of ['docker-archive', 'oci-archive', 'oci']) {
    const output = join(directory, format)
    t.match(await run('--format', format, '--output', output, path), { exitCode: 0 })
    for (const source of [`${format}:${output}`, `${format}:${output}:${imageName(path)}`]) {
      const copied = await copySourceToDir(t, source)
      t.strictSame(
        imageDifferences(await readImageDirectory(copied), await readImageDirectory(served)),
        [],
        source,
      )
      if (format !== 'docker-archive')
        t.equal(await readFile(join(copied, 'manifest.json'), 'utf8'), manifest, 'the same manifest')
    }
  }
})
