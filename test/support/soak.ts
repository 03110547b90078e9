/** The load of a soak: clients that pull whole images, parts of them, and what isn't there, and that leave in the midst. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { pullAll, pullBlob, pullManifest, repositoryUrl } from '../e2e/client.ts'
import { nixEnv } from './nix.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

const FILES = 8
const FILE_BYTES = 16_384
const ABSENT = 'a'.repeat(64)

/** @returns so many different store paths, each of 128 KiB in 8 files. */
export async function smallPaths(scope: Scope, count: number): Promise<readonly string[]> {
  const directory = await temporaryDirectory(scope, 'soak')
  const sources = Array.from({ length: count }, (_, i) => join(directory, `soak-${i}`))
  for (const [i, source] of sources.entries()) {
    await mkdir(source)
    for (let file = 0; file < FILES; file++)
      await writeFile(join(source, `file-${file}`), Buffer.alloc(FILE_BYTES, `${i} ${file} `))
  }
  const { stdout } = await execa('nix-store', ['--add', ...sources], { env: nixEnv })
  return stdout.split('\n')
}

/** All that clients ask of one image, in 11 requests or more. @throws where an answer is wrong. */
export async function useImage(url: string, path: string): Promise<void> {
  const { digest, manifest } = await pullManifest(url, path)
  await pullManifest(url, path, digest)
  await pullAll(url, path)
  const [layer] = manifest.layers
  if (layer === undefined) throw new Error('an image without layers')
  const range = await pullBlob(url, path, layer.digest, { range: 'bytes=1000-1999' })
  if ((await range.arrayBuffer()).byteLength !== 1000) throw new Error(`a range: ${range.status}`)
  const left = await pullBlob(url, path, layer.digest)
  await left.body?.cancel()
  const repository = repositoryUrl(url, path)
  for (const [suffix, status] of [
    [`referrers/${digest}`, 200],
    [`manifests/sha256:${ABSENT}`, 404],
    [`blobs/sha256:${ABSENT}`, 404],
    ['manifests/absent', 404],
    ['tags/list', 200],
  ] as const) {
    const answer = await fetch(`${repository}/${suffix}`)
    await answer.arrayBuffer()
    if (answer.status !== status) throw new Error(`${suffix}: ${answer.status}`)
  }
}
