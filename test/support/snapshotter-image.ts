/**
 * An image in the form that nix-snapshotter's builder gives it (compared with one that it made): an OCI archive whose
 * layer has a place for each store path, and a link at `/` to each file of one of them.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { sha256 } from '../e2e/client.ts'

const PREFIX = 'containerd.io/snapshot/'

export type SnapshotterOptions = {
  readonly storePaths: readonly string[]
  /** Whose `bin` is linked. */
  readonly copyToRoot: string
  readonly config: object
  /** The layers of a base image: plain tars. */
  readonly base?: readonly Buffer[]
  /** Changes what is in the archive before it is written. */
  readonly change?: (parts: { manifest: Manifest; config: Config; files: Map<string, Buffer> }) => void
}

type Descriptor = { mediaType: string; digest: string; size: number; annotations?: Record<string, string> }
type Manifest = { schemaVersion: 2; config: Descriptor; layers: Descriptor[] }
type Config = {
  architecture: string
  os: string
  config: object
  rootfs: { type: 'layers'; diff_ids: string[] }
}

export async function snapshotterImage({
  storePaths,
  copyToRoot,
  config: runtime,
  base = [],
  change = () => undefined,
}: SnapshotterOptions): Promise<Buffer> {
  const files = new Map<string, Buffer>()
  const blob = (bytes: Buffer) => files.set(`blobs/sha256/${sha256(bytes).replace('sha256:', '')}`, bytes)
  const descriptor = (mediaType: string, bytes: Buffer): Descriptor => {
    blob(bytes)
    return { mediaType, digest: sha256(bytes), size: bytes.length }
  }
  const closureLayer = await layerOf(storePaths, copyToRoot)
  const nixLayer = descriptor('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(closureLayer))
  nixLayer.annotations = Object.fromEntries([
    [`${PREFIX}nix-layer`, 'true'],
    ...storePaths.map((path, i) => [`${PREFIX}nix-store-path.${i}`, path]),
  ])
  const config: Config = {
    architecture: 'amd64',
    os: 'linux',
    config: runtime,
    rootfs: { type: 'layers', diff_ids: [...base, closureLayer].map(sha256) },
  }
  const manifest: Manifest = {
    schemaVersion: 2,
    config: { mediaType: '', digest: '', size: 0 },
    layers: [...base.map((tar) => descriptor('application/vnd.oci.image.layer.v1.tar', tar)), nixLayer],
  }
  change({ manifest, config, files })
  manifest.config = descriptor('application/vnd.oci.image.config.v1+json', json(config))
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        ...descriptor('application/vnd.oci.image.manifest.v1+json', json(manifest)),
        annotations: { 'org.opencontainers.image.ref.name': 'latest' },
      },
    ],
  }
  return tar([
    { name: 'blobs/', type: 'directory' },
    { name: 'blobs/sha256/', type: 'directory' },
    ...[...files].map(([name, content]) => ({ name, content })),
    { name: 'index.json', content: json(index) },
    { name: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
  ])
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value, undefined, 2))
}

async function layerOf(storePaths: readonly string[], copyToRoot: string): Promise<Buffer> {
  const places = await Promise.all(
    storePaths.map(async (path): Promise<Entry> => {
      const isDirectory = (await stat(path)).isDirectory()
      return isDirectory ? { name: path.slice(1), type: 'directory' } : { name: path.slice(1), mode: 0o555 }
    }),
  )
  const programs = await readdir(join(copyToRoot, 'bin'))
  return tar([
    { name: 'bin', type: 'directory' },
    ...programs.map((name): Entry => ({
      name: `bin/${name}`,
      type: 'symlink',
      linkname: `${copyToRoot}/bin/${name}`,
    })),
    { name: 'nix', type: 'directory' },
    { name: 'nix/store', type: 'directory' },
    ...places,
  ])
}

type Entry = {
  readonly name: string
  readonly type?: 'directory' | 'symlink'
  readonly mode?: number
  readonly linkname?: string
  readonly content?: Buffer
}

/** A tar of these, by nobody in particular at the epoch. */
export async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack()
  for (const { content = Buffer.alloc(0), ...header } of entries) {
    const mode = header.mode ?? (header.type === 'directory' ? 0o755 : 0o444)
    archive.entry({ ...header, mode, uid: 0, gid: 0, mtime: new Date(0) }, content)
  }
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
