/**
 * What every kind of image must do, whatever it was made by: be served whole and consistently, with one digest for ever;
 * run in containerd and podman; and hold, file by file and field by field, what its original holds.
 *
 *     await sourceConforms(t, { path, original: `docker-archive:${path}`, prints: 'hello' })
 */
import type { Test } from 'tap'
import { imageName, pullManifest, repositoryUrl } from './client.ts'
import { startContainerd, type Ran } from '../support/containerd.ts'
import { imageDifferences, readImageDirectory } from '../support/image-files.ts'
import { podmanFor } from '../support/podman.ts'
import { registryFaults } from '../support/registry-faults.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { copySourceToDir, copyToDir } from '../support/skopeo.ts'

export type SourceCase = {
  readonly path: string
  /** Which of the path's images; `nix`, the first, by default. */
  readonly tag?: string
  /** The same image from another hand, as skopeo names it: `docker-archive:/nix/store/…`, `oci:/dir:tag`. */
  readonly original?: string
  /** A whole command line to run instead of the image's own. */
  readonly command?: readonly [string, ...string[]]
  /** What that prints: all of it without the space at its ends, or what must be in it. */
  readonly prints: string | RegExp
  /** Of `pushless serve`, e.g. `--serve-packages`. */
  readonly args?: readonly string[]
}

export async function sourceConforms(
  t: Test,
  { path, tag = 'nix', original, command, prints, args = [] }: SourceCase,
): Promise<void> {
  const name = imageName(path).replace(/:nix$/, `:${tag}`)
  const { url } = await sharedPushless(...args)

  await t.test('every blob is what it is said to be, by GET, HEAD and ranges', async (t) => {
    t.strictSame(await registryFaults(repositoryUrl(url, path), tag), [])
  })

  await t.test('a registry that knows nothing yet gives it the same digest', async (t) => {
    const fresh = await startPushless(t, { args })
    t.equal((await pullManifest(fresh.url, path, tag)).digest, (await pullManifest(url, path, tag)).digest)
    await fresh.stop()
  })

  await t.test('containerd pulls and runs it', { skip: missing('containerd', 'root') }, async (t) => {
    const containerd = await startContainerd(t)
    await containerd.hostsDir(url)
    t.match(await containerd.pull(name), { exitCode: 0 })
    printed(t, await containerd.run(name, command), prints)
  })

  await t.test('podman pulls and runs it', { skip: missing('podman', 'root') }, async (t) => {
    const podman = await podmanFor(t, url)
    t.match(await podman.pull(name), { exitCode: 0 })
    const entrypoint = command === undefined ? [] : ['--entrypoint', JSON.stringify(command)]
    printed(t, await podman.podman('run', '--rm', ...entrypoint, name), prints)
  })

  if (original === undefined) return
  await t.test('it holds what its original holds', { skip: missing('skopeo') }, async (t) => {
    const served = await readImageDirectory(await copyToDir(t, name, url))
    const made = await readImageDirectory(await copySourceToDir(t, original))
    t.ok(made.files.size > 0, 'the original has files')
    t.strictSame(imageDifferences(served, made), [])
  })
}

function printed(t: Test, ran: Ran, prints: string | RegExp): void {
  t.equal(ran.exitCode, 0, ran.stderr)
  if (typeof prints === 'string') t.equal(ran.stdout.trim(), prints)
  else t.match(ran.stdout, prints)
}
