/** Docker archives made by GNU tar, sound by default, and broken wherever a test wants one to be. */
import { filesOf } from './read-image.ts'
import { createHash } from 'node:crypto'
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { readDockerArchive } from '../../src/source/archive/docker-archive.ts'
import { openArchive } from '../../src/source/archive/image-archive.ts'
import { readPathStart, type FileStart } from '../../src/source/files/path-start.ts'
import type { Source, SourceLayer } from '../../src/source/source.ts'
import type { Archives } from '../../src/unpack/archives.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

export type ArchiveFiles = {
  /** By name in the archive: bytes, or what a symbolic link says. */
  readonly files: Readonly<Record<string, Uint8Array | { readonly link: string }>>
  /** In the order of the archive; those of `files` by default. */
  readonly names: readonly string[]
}

export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A layer's tar with one file. */
export async function layerTar(scope: Scope, text: string): Promise<Buffer> {
  const directory = await temporaryDirectory(scope, 'layer')
  await writeFile(join(directory, 'file'), text)
  await writeTar('layer.tar', directory, ['file'])
  return readFile(join(directory, 'layer.tar'))
}

export function imageConfig(diffIds: readonly string[], more: object = {}): Buffer {
  return Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: diffIds },
      ...more,
    }),
  )
}

/** The files of an archive with one image of these layers, as `buildLayeredImage` names them. */
export function archiveFiles(
  layers: readonly Uint8Array[],
  {
    tags = ['app:v1'],
    config = imageConfig(layers.map((layer) => `sha256:${sha256Hex(layer)}`)),
  }: {
    readonly tags?: readonly string[]
    readonly config?: Uint8Array
  } = {},
): Record<string, Uint8Array> {
  const names = layers.map((layer) => `${sha256Hex(layer)}/layer.tar`)
  const configName = `${sha256Hex(config)}.json`
  return {
    ...Object.fromEntries(names.map((name, i) => [name, layers[i] ?? new Uint8Array()])),
    [configName]: config,
    'manifest.json': Buffer.from(JSON.stringify([{ Config: configName, RepoTags: tags, Layers: names }])),
  }
}

/** @param args of GNU tar beside those that name files. @returns the path of the tar file. */
export async function writeArchive(
  scope: Scope,
  files: ArchiveFiles['files'],
  {
    names = Object.keys(files),
    args = [],
  }: { readonly names?: readonly string[]; readonly args?: readonly string[] } = {},
): Promise<string> {
  const directory = await temporaryDirectory(scope, 'archive')
  const tree = join(directory, 'tree')
  for (const [name, content] of Object.entries(files)) {
    const path = join(tree, name)
    await mkdir(dirname(path), { recursive: true })
    await (content instanceof Uint8Array ? writeFile(path, content) : symlink(content.link, path))
  }
  const file = join(directory, 'archive')
  await writeTar(file, tree, names, args)
  return file
}

/** The header blocks that GNU tar writes for a file of this size, 8 GiB or more, of which nothing is read. */
export async function headerFor(
  scope: Scope,
  name: string,
  size: number,
  format: 'gnu' | 'pax',
): Promise<Buffer> {
  const directory = await temporaryDirectory(scope, 'header')
  await mkdir(dirname(join(directory, name)), { recursive: true })
  await writeFile(join(directory, name), '')
  await execa('truncate', ['-s', String(size), join(directory, name)])
  const [options, blocks] =
    format === 'pax' ? ['--format=pax --pax-option=delete=atime,delete=ctime', 3] : ['--format=gnu', 1]
  const { stdout } = await execa('sh', ['-c', `tar ${options} -c "$0" | head -c ${blocks * 512}`, name], {
    cwd: directory,
    encoding: 'buffer',
  })
  return Buffer.from(stdout)
}

/** A header of ours with its sum put right again. */
export function withSum(header: Buffer): Buffer {
  header.write('        ', 148, 'latin1')
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

function startOf(path: string): FileStart {
  const start = readPathStart(path)
  if (start.kind !== 'file') throw new Error(`not a file: ${path}`)
  return start
}

/** Any plain file, read as if the store had it. */
export async function readArchive(
  path: string,
  tag?: string,
  archives?: Archives,
): Promise<Source | undefined> {
  const options = { files: filesOf(path), ...(archives === undefined ? {} : { archives }) }
  const archive = await openArchive(path as StorePath, startOf(path), options)
  return archive === undefined ? undefined : readDockerArchive(archive, tag)
}

type Stored = Extract<SourceLayer, { kind: 'stored' }>

export function storedLayers(source: Source | undefined): readonly Stored[] {
  return (source?.layers ?? []).filter((layer): layer is Stored => layer.kind === 'stored')
}

export async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size
}

export async function bytesAt(path: string, offset: number, length: number): Promise<Buffer> {
  return (await readFile(path)).subarray(offset, offset + length)
}

async function writeTar(
  file: string,
  directory: string,
  names: readonly string[],
  args: readonly string[] = [],
): Promise<void> {
  const fixed = ['--mtime=@1', '--owner=0', '--group=0', '--no-recursion']
  await execa('tar', [...fixed, ...args, '-cf', file, '--', ...names], { cwd: directory })
}
