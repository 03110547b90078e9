/**
 * The usual way of an image: an archive of its layers on disk, then a push. An OCI layout with the very layers that
 * pushless plans, each written by one GNU tar and hashed once: what dockerTools does with Python, twice a layer, costs
 * more. So the peer is at its best.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { sha256 } from '../test/e2e/client.ts'
import { nixEnv } from '../test/support/nix.ts'
import { temporaryDirectory, type Scope } from '../test/support/scope.ts'
import { layersOf } from './layers.ts'

type Descriptor = { readonly mediaType: string; readonly digest: string; readonly size: number }

const PUSH_LIMIT_MS = 300_000
const TAR = [
  '--sort=name',
  '--mtime=@1',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--hard-dereference',
  '--format=posix',
]

/** @param image store path of a pushless image. @returns the directory of an OCI layout. */
export async function archive(scope: Scope, image: string): Promise<string> {
  const directory = await temporaryDirectory(scope, 'archive')
  const blobs = join(directory, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  const { layers, config } = await layersOf(image)
  const written: Descriptor[] = []
  for (const [i, paths] of layers.entries()) {
    const file = join(directory, `layer-${i}.tar`)
    await execa('tar', [...TAR, '-cf', file, ...paths.map((path) => path.slice(1))], {
      cwd: '/',
      env: nixEnv,
    })
    const digest = await hashOf(file)
    const { size } = await stat(file)
    await rename(file, join(blobs, digest))
    written.push({ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${digest}`, size })
  }
  const put = async (mediaType: string, value: unknown): Promise<Descriptor> => {
    const text = JSON.stringify(value)
    const digest = sha256(text)
    await writeFile(join(blobs, digest.replace('sha256:', '')), text)
    return { mediaType, digest, size: Buffer.byteLength(text) }
  }
  const rootfs = { type: 'layers', diff_ids: written.map(({ digest }) => digest) }
  const configDescriptor = await put('application/vnd.oci.image.config.v1+json', {
    architecture: 'amd64',
    os: 'linux',
    config,
    rootfs,
  })
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = await put(mediaType, {
    schemaVersion: 2,
    mediaType,
    config: configDescriptor,
    layers: written,
  })
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }))
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  return directory
}

/** @param compressed as skopeo does by default, else the same digests as in the layout. */
export async function push(layout: string, url: string, name: string, compressed: boolean): Promise<void> {
  const options = [
    '--insecure-policy',
    '--dest-tls-verify=false',
    ...(compressed ? [] : ['--preserve-digests']),
  ]
  await execa('skopeo', ['copy', ...options, `oci:${layout}`, `docker://${new URL(url).host}/${name}:nix`], {
    timeout: PUSH_LIMIT_MS,
  })
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}
