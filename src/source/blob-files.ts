/**
 * The files of an OCI image layout, as a directory or as a plain tar of one, by name and where they lie: nothing is
 * unpacked. Just what nix-snapshotter's images need; a compressed archive is none of them.
 */
import { open, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { RegistryError } from '../core/errors.ts'
import type { StorePath } from '../core/store-path.ts'
import { BLOCK, padded } from '../core/ustar-block.ts'
import { fsPath } from '../layer/walk.ts'
import type { StoredPlace } from './source.ts'
import { storeTarget } from './store-target.ts'

export type BlobFiles = {
  /** Where a file is, or nothing where there is none of this name. */
  readonly place: (name: string) => Promise<StoredPlace | undefined>
  /** A small file. @throws RegistryError `unservable` for one that isn't there or isn't small. */
  readonly read: (name: string) => Promise<Buffer>
}

/** Indexes, manifests and configs; as much as clients take (clients.md: containerd stops at 4 MiB). */
const MAX_DOCUMENT_SIZE = 4 * 1024 * 1024
/** Entries of an archive that are looked at: an image has one for each layer, and a few. */
const MAX_ENTRIES = 10_000
/** A name in a pax header; blobs have short ones. */
const MAX_PAX_SIZE = 64 * 1024

/** @returns nothing for what is no plain tar that begins like a layout. @throws RegistryError `unservable`. */
export async function tarFiles(path: StorePath): Promise<BlobFiles | undefined> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const places = await index(path, file, size)
    if (places === undefined) return undefined
    return blobFiles(path, async (name) => places.get(name))
  } finally {
    await file.close()
  }
}

/** @returns nothing for a directory that is no layout. */
export async function layoutFiles(path: StorePath): Promise<BlobFiles | undefined> {
  const place = async (name: string): Promise<StoredPlace | undefined> => {
    const target = await storeTarget(Buffer.from(join(path, name)).toString('latin1'))
    const found = target === undefined ? undefined : await stat(fsPath(target))
    if (target === undefined || found?.isFile() !== true) return undefined
    return { file: target, offset: 0, length: found.size }
  }
  return (await place('oci-layout')) === undefined ? undefined : blobFiles(path, place)
}

function blobFiles(path: StorePath, place: BlobFiles['place']): BlobFiles {
  return {
    place,
    read: async (name) => {
      const found = await place(name)
      if (found === undefined) refuse(path, `${name} is missing`)
      if (found.length > MAX_DOCUMENT_SIZE) refuse(path, `${name} has more than ${MAX_DOCUMENT_SIZE} bytes`)
      const file = await open(fsPath(found.file))
      try {
        return await readExactly(path, file, found.offset, found.length)
      } finally {
        await file.close()
      }
    },
  }
}

/** Reads the headers alone, whatever the size of the files. */
async function index(
  path: StorePath,
  file: FileHandle,
  size: number,
): Promise<ReadonlyMap<string, StoredPlace> | undefined> {
  const places = new Map<string, StoredPlace>()
  let pax: ReadonlyMap<string, string> = new Map()
  let at = 0
  for (let entries = 0; at + BLOCK <= size; entries++) {
    const header = await readExactly(path, file, at, BLOCK)
    if (header.every((byte) => byte === 0)) return places
    const isTar = header.toString('latin1', 257, 262) === 'ustar' && hasChecksum(header)
    if (!isTar) return entries === 0 ? undefined : refuse(path, `a damaged header at byte ${at}`)
    if (entries === MAX_ENTRIES) refuse(path, `more than ${MAX_ENTRIES} files`)
    const type = header.toString('latin1', 156, 157)
    const length = Number(pax.get('size') ?? numberOf(header.subarray(124, 136)))
    const start = at + BLOCK
    if (!Number.isSafeInteger(length) || length < 0 || start + length > size)
      refuse(path, `ends within the file at byte ${at}`)
    if (type === 'x') {
      if (length > MAX_PAX_SIZE) refuse(path, `a pax header of ${length} bytes`)
      pax = paxRecords(await readExactly(path, file, start, length))
    } else {
      const name = pax.get('path') ?? nameOf(header)
      if (type === '0' || type === '\0') {
        places.set(name.replace(/^\.?\//, ''), { file: path, offset: start, length })
      }
      if (type !== 'g') pax = new Map()
    }
    at = start + padded(length)
  }
  return places
}

async function readExactly(
  path: StorePath,
  file: FileHandle,
  offset: number,
  length: number,
): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
  if (bytesRead < length) throw new RegistryError('unavailable', `store file changed its size: ${path}`)
  return buffer
}

function hasChecksum(header: Buffer): boolean {
  let sum = 8 * 0x20
  for (const [i, byte] of header.entries()) if (i < 148 || i >= 156) sum += byte
  return numberOf(header.subarray(148, 156)) === sum
}

/** Octal digits, or base 256 where the highest bit is set. */
function numberOf(field: Buffer): number {
  const [first = 0] = field
  if ((first & 0x80) !== 0)
    return field.reduce((value, byte, i) => value * 256 + (i === 0 ? byte & 0x7f : byte), 0)
  return Number.parseInt(field.toString('latin1').replaceAll('\0', ' ').trim() || '0', 8)
}

function nameOf(header: Buffer): string {
  const [name = ''] = header.toString('latin1', 0, 100).split('\0')
  const [prefix = ''] = header.toString('latin1', 345, 500).split('\0')
  return prefix === '' ? name : `${prefix}/${name}`
}

function paxRecords(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < bytes.length;) {
    const length = Number.parseInt(bytes.toString('latin1', at, at + 20), 10)
    if (!(length > 0)) break
    const [, key, value] = /^\d+ ([^=]+)=([\s\S]*)\n$/.exec(bytes.toString('latin1', at, at + length)) ?? []
    if (key !== undefined && value !== undefined) records.set(key, value)
    at += length
  }
  return records
}

function refuse(path: StorePath, why: string): never {
  throw new RegistryError('unservable', `${path}: ${why}`)
}
