/**
 * Memory stays flat for archives larger than it. The plain one has 4 GiB, in a file of holes that takes no disk. A
 * compressed one of zeros would be refused as a bomb, and what doesn't compress would fill disks: 300 MiB that
 * compress to a tenth are more than a server may take, and far more than what any buffer here holds.
 */
import { randomBytes } from 'node:crypto'
import { chmod, open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { pullManifest, repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { archiveFiles, imageConfig, headerFor, writeArchive } from '../support/docker-archive.ts'
import { nixStore, only } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB
/** `head -c 4294967296 /dev/zero | sha256sum`, which takes 20 seconds where the processor has no instruction for it. */
const FOUR_GIB_OF_ZEROS = '8479e43911dc45e89f934fe48d01297e16f51d17aa561d4d1c216b1ae0fcddca'
/** A server takes 100 MB, and 64 pulls at once 175 MB (see prepare-node.ts); an archive in memory would be thousands. */
const MAX_MEMORY_MB = 260

void t.test('a plain archive of 4 GiB', { skip: missing('nix', 'root', 'curl') }, async (t) => {
  const size = 4 * GIB
  const sum = FOUR_GIB_OF_ZEROS
  const name = `${sum}/layer.tar`
  const rest = await readFile(
    await writeArchive(t, {
      'config.json': imageConfig([`sha256:${sum}`]),
      'manifest.json': Buffer.from(
        JSON.stringify([{ Config: 'config.json', RepoTags: ['large:v1'], Layers: [name] }]),
      ),
    }),
  )
  const placeholder = join(await temporaryDirectory(t, 'archive'), 'large-archive')
  await writeFile(placeholder, randomBytes(16))
  const path = only(await nixStore('--add', placeholder))
  const before = await readFile(path)
  t.teardown(async () => {
    await writeFile(path, before)
    await chmod(path, 0o444)
  })
  await chmod(path, 0o644)
  const file = await open(path, 'w')
  const header = await headerFor(t, name, size, 'gnu')
  await file.write(header, 0, header.length, 0)
  await file.write(rest, 0, rest.length, header.length + size)
  await file.close()
  t.ok((await stat(path)).blocks * 512 < MIB, 'it takes no disk')

  const server = await startPushless(t)
  await pulledFlat(t, server, path, `sha256:${sum}`, size)
})

void t.test('a compressed archive of 300 MiB', { skip: missing('nix', 'curl') }, async (t) => {
  const layer = Buffer.alloc(300 * MIB)
  for (let at = 0; at < layer.length; at += MIB) randomBytes(MIB / 10).copy(layer, at)
  const archive = await writeArchive(t, archiveFiles([layer]))
  const packed = join(await temporaryDirectory(t, 'archive'), 'half')
  await execa('sh', ['-c', 'gzip -1 < "$0" > "$1"', archive, packed])
  const path = only(await nixStore('--add', packed))
  t.teardown(() => nixStore('--delete', path).then(() => undefined))
  const server = await startPushless(t)
  await pulledFlat(t, server, path, undefined, layer.length)
})

/** Pulls its one layer, and looks at what the server needed for it. */
async function pulledFlat(
  t: Test,
  { url, pid }: Pushless,
  path: string,
  digest: string | undefined,
  size: number,
): Promise<void> {
  const { manifest } = await until(() => pullManifest(url, path).catch(() => undefined), 120_000)
  const [layer] = manifest.layers
  if (digest !== undefined) t.equal(layer?.digest, digest)
  t.equal(layer?.size, size)
  // For so many bytes, Node's fetch took as much of the processor as the server.
  const blob = `${repositoryUrl(url, path)}/blobs/${layer?.digest}`
  const args = ['--silent', '--show-error', '--fail', '--output', '/dev/null', '--write-out']
  const { stdout } = await execa('curl', [...args, '%{size_download}', blob])
  t.equal(Number(stdout), size)
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const peak = Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1]) / 1024
  t.comment(`at most ${Math.round(peak)} MB`)
  t.ok(peak < MAX_MEMORY_MB, `${peak} MB`)
}
