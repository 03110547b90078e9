/**
 * An image of one store path as an OCI layout, made with tar and nothing of pushless: what the reference registry is
 * filled with, so that the helpers can be proved against it.
 */
import { createHash } from 'node:crypto'
import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { temporaryDirectory } from './scope.ts'
import type { Scope } from './scope.ts'

export interface Layout {
  readonly directory: string
  readonly manifestDigest: string
  readonly layerDigest: string
}

/** One layer with these store paths, and a config that runs `command`. */
export async function ociLayout(
  scope: Scope,
  paths: readonly string[],
  command: readonly string[],
): Promise<Layout> {
  const directory = await temporaryDirectory(scope, 'layout')
  const blobs = join(directory, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })

  const tar = join(directory, 'layer.tar')
  await execa('tar', [
    '-C',
    '/',
    '--sort=name',
    '--mtime=@1',
    '--owner=0',
    '--group=0',
    '-cf',
    tar,
    ...paths.map((path) => path.slice(1)),
  ])
  const hash = createHash('sha256')
  await pipeline(createReadStream(tar), hash)
  const layer = hash.digest('hex')
  const { size } = await stat(tar)
  await rename(tar, join(blobs, layer))

  const put = async (mediaType: string, value: unknown) => {
    const bytes = Buffer.from(JSON.stringify(value))
    const hex = createHash('sha256').update(bytes).digest('hex')
    await writeFile(join(blobs, hex), bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
  }
  const config = await put('application/vnd.oci.image.config.v1+json', {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Entrypoint: command },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  })
  const manifest = await put('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${layer}`, size }],
  })
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }))
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  return { directory, manifestDigest: manifest.digest, layerDigest: `sha256:${layer}` }
}
