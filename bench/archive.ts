/**
 * The usual way of an image: an archive on disk, then a push. Two forms of it, both with the very layers that pushless
 * plans, each written by one GNU tar and hashed once (dockerTools does that in Python, twice a layer):
 * - as usual: a docker-archive, as nixpkgs' `streamLayeredImage` writes it, pushed by skopeo as it pushes by default,
 *   that is gzipped (`buildLayeredImage` would compress the archive beforehand, too);
 * - at its best: an OCI layout of plain layers, pushed as they are, which takes flags that nobody sets.
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

export type Form = 'usual' | 'best'

/** @param image store path of a pushless image. @returns what skopeo pushes: `oci:DIRECTORY` or `docker-archive:FILE`. */
export async function archive(scope: Scope, image: string, form: Form): Promise<string> {
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
  const rootfs = { type: 'layers', diff_ids: written.map(({ digest }) => digest) }
  const document = { architecture: 'amd64', os: 'linux', config, rootfs }
  return form === 'best'
    ? ociLayout(directory, document, written)
    : dockerArchive(directory, document, written)
}

/** @param form also says how it is pushed: gzipped as skopeo does by default, or with the digests that it has. */
export async function push(source: string, url: string, name: string, form: Form): Promise<void> {
  const options = [
    '--insecure-policy',
    '--dest-tls-verify=false',
    ...(form === 'best' ? ['--preserve-digests'] : []),
  ]
  await execa('skopeo', ['copy', ...options, source, `docker://${new URL(url).host}/${name}:nix`], {
    timeout: PUSH_LIMIT_MS,
  })
}

async function ociLayout(directory: string, config: object, layers: readonly Descriptor[]): Promise<string> {
  const put = async (mediaType: string, value: unknown): Promise<Descriptor> => {
    const text = JSON.stringify(value)
    const digest = sha256(text)
    await writeFile(join(directory, 'blobs', digest.replace(':', '/')), text)
    return { mediaType, digest, size: Buffer.byteLength(text) }
  }
  const described = await put('application/vnd.oci.image.config.v1+json', config)
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = await put(mediaType, { schemaVersion: 2, mediaType, config: described, layers })
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }))
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  return `oci:${directory}`
}

async function dockerArchive(
  directory: string,
  config: object,
  layers: readonly Descriptor[],
): Promise<string> {
  const files = layers.map(({ digest }) => `blobs/${digest.replace(':', '/')}`)
  await writeFile(join(directory, 'config.json'), JSON.stringify(config))
  await writeFile(
    join(directory, 'manifest.json'),
    JSON.stringify([{ Config: 'config.json', RepoTags: null, Layers: files }]),
  )
  const file = join(directory, 'image.tar')
  await execa('tar', ['-cf', file, ...files, 'config.json', 'manifest.json'], {
    cwd: directory,
  })
  return `docker-archive:${file}`
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}
