/**
 * EROFS layers as others read them: fsck.erofs, the kernel, and mkfs.erofs' image of the same tree. Trees are odd on
 * purpose: names of any bytes, sizes around a block, holes, long targets, thousands of entries.
 */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { storeDirectory } from '../../src/core/nix/store-directory.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { StoreReader } from '../../src/layer/store-reader.ts'
import { BlobStreams } from '../../src/layer/stream.ts'
import { PageCache } from '../../src/layer/packed-frame.ts'
import { directory, erofsBytes, file, link } from '../core/erofs/erofs-bytes.ts'
import { seededRandom, type Random } from '../seeded-random.ts'
import { missing } from '../support/requirement.ts'

const base = mkdtempSync(join(tmpdir(), 'erofs-'))
const store = storeDirectory(join(base, 'store'))
const reader = new StoreReader(2, store)
const mounts: string[] = []
t.teardown(async () => {
  for (const mount of mounts) await execa('umount', [mount])
  await reader.close()
  rmSync(base, { recursive: true })
})

const SIZES = [0, 1, 31, 32, 33, 2000, 4063, 4064, 4065, 4095, 4096, 4097, 8192, 70_000]
/** mkfs.erofs 1.5 takes none of 255 bytes, which is the limit. */
const LONGEST = 'n'.repeat(255)
const NAMES = ['\xff\xfe', 'ü', ' ', '\n', '!before-dots', '.-', '..x', '.wh.file', '.wh..wh..opq']
const STORE_TIME = 1

/** A store path with a tree that a few random decisions make. */
function oddTree(name: string, random: Random, names: readonly string[]): StorePath {
  const root = join(store, name)
  fill(root, 3)
  return `/nix/store/${name}` as StorePath

  function fill(path: string, depth: number): void {
    mkdirSync(bytes(path), { recursive: true })
    const some = random.shuffle(names).slice(0, random.below(names.length))
    const others = Array.from(
      { length: 10 + random.below(12) },
      (_, i) => `e${i}${'x'.repeat(random.below(200))}`,
    )
    for (const child of [...some, ...others]) make(`${path}/${child}`, depth)
  }

  function make(path: string, depth: number): void {
    const kind = random.below(depth > 0 ? 10 : 9)
    if (kind === 0) return symlinkSync(bytes('t'.repeat(1 + random.below(4000))), bytes(path))
    if (kind === 9) return fill(path, depth - 1)
    const size = SIZES[random.below(SIZES.length)] ?? 0
    writeFileSync(bytes(path), Buffer.alloc(size, random.below(256)))
    if (kind === 1) chmodSync(bytes(path), 0o755)
    if (kind === 2 && size > 0) holes(path, size)
  }
}

function bytes(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}

/** Makes the end of a file a hole. */
function holes(path: string, size: number): void {
  const opened = openSync(bytes(path), 'r+')
  ftruncateSync(opened, size + 100_000)
  closeSync(opened)
}

/** The image of a layer as it is streamed, in a file. */
async function layerFile(paths: readonly StorePath[]): Promise<string> {
  const layer = { kind: 'paths', paths, format: 'erofs' } as const
  const { digest, size } = await reader.digest(layer)
  const frame = new PageCache(1e6).open(await reader.frame(layer))
  t.equal(frame.size, size)
  const chunks: Buffer[] = []
  for await (const chunk of new BlobStreams(reader).read({ kind: 'layer', frame }, { start: 0, end: size }))
    chunks.push(Buffer.from(chunk))
  const image = Buffer.concat(chunks)
  t.equal(`sha256:${createHash('sha256').update(image).digest('hex')}`, digest)
  return imageFile(image)
}

function imageFile(image: Uint8Array): string {
  const path = join(base, `image-${readdirSync(base).length}`)
  writeFileSync(path, image)
  return path
}

async function mounted(image: string): Promise<string> {
  const path = `${image}.mount`
  mkdirSync(path)
  await execa('mount', ['-t', 'erofs', '-o', 'ro', image, path])
  mounts.push(path)
  return path
}

type Facts = readonly [kind: string, ...facts: (string | number)[]]

/** All below a directory: contents, and what a program sees of each file. */
function treeOf(root: string, of: (path: string) => Facts): ReadonlyMap<string, Facts> {
  const found = new Map<string, Facts>()
  const look = (path: string, name: string) => {
    found.set(name, of(path))
    if (!lstatSync(bytes(path)).isDirectory()) return
    for (const child of readdirSync(bytes(path), 'latin1').sort())
      look(`${path}/${child}`, `${name}/${child}`)
  }
  look(root, '')
  return found
}

function contentsOf(path: string): Facts {
  const stat = lstatSync(bytes(path))
  if (stat.isSymbolicLink()) return ['symlink', readlinkSync(bytes(path), 'latin1')]
  if (stat.isDirectory()) return ['directory']
  return [
    'file',
    createHash('sha256')
      .update(readFileSync(bytes(path)))
      .digest('hex'),
  ]
}

/** As a store path's files are in a layer, whatever they are on the disk. */
function wantedOf(path: string): Facts {
  const stat = lstatSync(bytes(path))
  const mode = stat.isSymbolicLink() ? 0o777 : stat.isDirectory() || (stat.mode & 0o111) !== 0 ? 0o555 : 0o444
  return [...contentsOf(path), mode, 0, 0, STORE_TIME * 1000]
}

function seenOf(path: string): Facts {
  const { mode, uid, gid, mtimeMs } = lstatSync(bytes(path))
  return [...contentsOf(path), mode & 0o7777, uid, gid, mtimeMs]
}

const links = (mount: string) => treeOf(mount, (at) => [...contentsOf(at), lstatSync(bytes(at)).nlink])

const random = seededRandom(20_261_128)
const trees = [NAMES, [...NAMES, LONGEST], [...NAMES, LONGEST]].map((names, i) =>
  oddTree(`${'a'.repeat(31)}${i}-odd`, random, names),
)

void t.test(
  'fsck.erofs and the kernel read odd trees',
  { skip: missing('erofs-utils', 'root') },
  async (t) => {
    const image = await layerFile(trees)
    await execa('fsck.erofs', [image])
    const mount = await mounted(image)
    t.same(seenOf(join(mount, 'nix/store')), ['directory', 0o755, 0, 0, STORE_TIME * 1000])
    t.same(readdirSync(join(mount, 'nix/store')).length, trees.length)
    for (const path of trees) {
      const own = join(store, path.slice('/nix/store/'.length))
      t.strictSame(treeOf(join(mount, path), seenOf), treeOf(own, wantedOf))
      t.ok(treeOf(own, contentsOf).size > 20, 'many files')
    }
  },
)

void t.test('mkfs.erofs makes the same tree', { skip: missing('erofs-utils', 'root') }, async (t) => {
  const [path] = trees
  const own = join(store, String(path).slice('/nix/store/'.length))
  const theirs = join(base, 'mkfs')
  await execa('mkfs.erofs', ['-x-1', theirs, own])
  t.strictSame(links(join(await mounted(await layerFile(trees)), String(path))), links(await mounted(theirs)))
})

void t.test(
  'owners, times, and a directory of 60 000 files',
  { skip: missing('erofs-utils', 'root') },
  async (t) => {
    const names = Array.from({ length: 60_000 }, (_, i) => `many/${i}-${'x'.repeat(i % 40)}`)
    const image = imageFile(
      await erofsBytes([
        { ...directory('var', 0o1777), attributes: { uid: 1000, gid: 100_000 } },
        { ...file('var/late', 'x', 0o4711), attributes: { uid: 5, mtime: 4e9 } },
        { ...link('var/to', 'late'), attributes: { gid: 6 } },
        ...names.map((name) => file(name, name.length % 7 === 0 ? name : '')),
      ]),
    )
    await execa('fsck.erofs', [image])
    const mount = await mounted(image)
    t.same(seenOf(join(mount, 'var')), ['directory', 0o1777, 1000, 100_000, 1000])
    t.same(seenOf(join(mount, 'var/late')).slice(2), [0o4711, 5, 0, 4e12])
    t.same(seenOf(join(mount, 'var/to')), ['symlink', 'late', 0o777, 0, 6, 1000])
    t.same(readdirSync(join(mount, 'many')).length, names.length)
    for (const name of names.filter((_, i) => i % 997 === 0))
      t.equal(readFileSync(join(mount, name), 'utf8'), name.length % 7 === 0 ? name : '')
  },
)
