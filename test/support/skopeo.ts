/** skopeo as a client that changes nothing: what it copies is, byte for byte, what the registry served. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { containersConfig } from './registries-conf.ts'
import { temporaryDirectory } from './scope.ts'
import type { Scope } from './scope.ts'

const COPY_LIMIT_MS = 300_000

/**
 * Copies `nix.internal/nix/store/…:nix` from the registry at `url` to a directory of the scope, and checks that each
 * blob there has the sha256 that is its name.
 * @returns the directory: `manifest.json`, and each blob as 64 hex digits
 */
export async function copyToDir(
  scope: Scope,
  reference: string,
  url: string,
  args: readonly string[] = [],
): Promise<string> {
  const directory = await temporaryDirectory(scope, 'skopeo')
  const { registries, policy } = await containersConfig(directory, url)
  const options = ['--registries-conf', registries, '--policy', policy, '--src-tls-verify=false', ...args]
  return copy(directory, `docker://${reference}`, options)
}

/**
 * Copies an image of any place that skopeo knows (`docker-archive:/…`, `oci:/dir:tag`, `docker://host/…`) to a directory
 * as `copyToDir` does: layers as they are there.
 */
export async function copySourceToDir(
  scope: Scope,
  source: string,
  args: readonly string[] = [],
): Promise<string> {
  return copy(await temporaryDirectory(scope, 'skopeo'), source, ['--insecure-policy', ...args])
}

async function copy(directory: string, source: string, options: readonly string[]): Promise<string> {
  const image = join(directory, 'image')
  await mkdir(image)
  await execa('skopeo', ['copy', ...options, source, `dir:${image}`], { timeout: COPY_LIMIT_MS })
  await checkBlobs(image)
  return image
}

/** Saves an image of the registry at `url` as a docker archive with that name and tag. @returns the archive's path. */
export async function copyToArchive(
  scope: Scope,
  reference: string,
  url: string,
  name: string,
): Promise<string> {
  const directory = await temporaryDirectory(scope, 'skopeo')
  const { registries, policy } = await containersConfig(directory, url)
  const options = ['--registries-conf', registries, '--policy', policy, '--src-tls-verify=false']
  const file = join(directory, 'saved')
  await execa('skopeo', ['copy', ...options, `docker://${reference}`, `docker-archive:${file}:${name}`], {
    timeout: COPY_LIMIT_MS,
  })
  return file
}

/** Copies an OCI layout directory into a registry that takes pushes. */
export async function pushLayout(layout: string, url: string, name: string, tag: string): Promise<void> {
  await execa(
    'skopeo',
    [
      'copy',
      '--insecure-policy',
      '--dest-tls-verify=false',
      `oci:${layout}`,
      `docker://${new URL(url).host}/${name}:${tag}`,
    ],
    { timeout: COPY_LIMIT_MS },
  )
}

async function checkBlobs(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue
    const hash = createHash('sha256')
    await pipeline(createReadStream(join(directory, name)), hash)
    const digest = hash.digest('hex')
    if (digest !== name) throw new Error(`skopeo wrote blob ${name}, and its bytes have sha256 ${digest}`)
  }
}
