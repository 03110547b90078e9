/**
 * Where the files of a plain tar are in it, read header by header: contents are skipped, so that an archive of gigabytes
 * costs a few reads. Formats: POSIX ustar and pax (`x` records), and GNU's long names and base-256 sizes.
 */
import { open, type FileHandle } from 'node:fs/promises'
import { RegistryError } from '../core/errors.ts'
import { fsPath, shown } from '../layer/walk.ts'
import { paxRecords, type PaxRecords } from './pax-records.ts'
import { quoted, relativeName } from './tar-entries.ts'

export type TarMember = { readonly offset: number; readonly length: number }

const BLOCK = 512
const MAGIC = 'ustar'
/** A layout has two for a blob; what has more is no image. */
const MAX_MEMBERS = 20_000
/** Bytes of a pax record or a long name: PATH_MAX is 4096. */
const MAX_EXTENSION = 64 * 1024

/**
 * @param file a byte string.
 * @returns by name, without `./`; of two with one name the last, as tar has it. Nothing for what isn't a plain tar.
 * @throws RegistryError `unservable` for a tar that breaks off or can't be read, `unavailable`.
 */
export async function tarMembers(file: string): Promise<ReadonlyMap<string, TarMember> | undefined> {
  const handle = await open(fsPath(file)).catch((cause: unknown) => {
    throw new RegistryError('unavailable', `store path vanished: ${shown(file)}`, { cause })
  })
  try {
    return await scan(handle, (await handle.stat()).size, shown(file))
  } finally {
    await handle.close()
  }
}

async function scan(
  handle: FileHandle,
  size: number,
  name: string,
): Promise<ReadonlyMap<string, TarMember> | undefined> {
  const members = new Map<string, TarMember>()
  let extended: PaxRecords = {}
  let count = 0
  for (let at = 0; at < size; count++) {
    const header = await readAt(handle, at, BLOCK)
    if (isZero(header)) break
    if (!isHeader(header)) {
      if (count === 0) return undefined
      if (header.length < BLOCK) throw new RegistryError('unservable', `${name}: breaks off within its tar`)
      throw new RegistryError('unservable', `${name}: not a tar from byte ${at} on`)
    }
    if (count === MAX_MEMBERS) return undefined
    const type = String.fromCharCode(header[156] ?? 0)
    const offset = at + BLOCK
    const length = extended.size ?? numberAt(header, 124, 12)
    if (!Number.isSafeInteger(length) || length < 0 || offset + length > size)
      throw new RegistryError('unservable', `${name}: breaks off within its tar`)
    at = offset + Math.ceil(length / BLOCK) * BLOCK
    if (type === 'x' || type === 'L') {
      if (length > MAX_EXTENSION)
        throw new RegistryError('unservable', `${name}: a name in its tar is too long`)
      const content = await readAt(handle, offset, length)
      extended =
        type === 'x'
          ? { ...extended, ...(paxRecords(content) ?? refuse(name, 'a damaged pax header in its tar')) }
          : { ...extended, path: textAt(content, 0, length) }
      continue
    }
    if (type === '0' || type === '\0' || type === '7') {
      const memberName = extended.path ?? nameOf(header)
      const relative =
        relativeName(memberName) ??
        refuse(name, `a name that leads out of the archive: ${quoted(memberName)}`)
      members.set(relative, { offset, length })
    }
    // A link name of GNU's belongs to the same entry; a global record (`g`) is none and ends nothing.
    if (type !== 'K' && type !== 'g') extended = {}
  }
  return count === 0 ? undefined : members
}

function refuse(name: string, why: string): never {
  throw new RegistryError('unservable', `${name}: ${why}`)
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}

/** The magic, and the sum over all bytes with the sum's own field as spaces. */
function isHeader(block: Buffer): boolean {
  if (block.length !== BLOCK || block.toString('latin1', 257, 262) !== MAGIC) return false
  let sum = 0
  for (const [i, byte] of block.entries()) sum += i >= 148 && i < 156 ? 0x20 : byte
  return sum === numberAt(block, 148, 8)
}

function nameOf(header: Buffer): string {
  const name = textAt(header, 0, 100)
  // GNU's own format has times where ustar has the prefix.
  const prefix = header.toString('latin1', 257, 263) === `${MAGIC}\0` ? textAt(header, 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

function textAt(bytes: Buffer, from: number, length: number): string {
  const text = bytes.toString('utf8', from, from + length)
  const end = text.indexOf('\0')
  return end === -1 ? text : text.slice(0, end)
}

/** Octal digits, or GNU's base 256 where the first bit is set. */
function numberAt(header: Buffer, from: number, length: number): number {
  const field = header.subarray(from, from + length)
  if (((field[0] ?? 0) & 0x80) === 0) return Number.parseInt(textAt(field, 0, length).trim() || '0', 8)
  return [...field].reduce((sum, byte, i) => sum * 256 + (i === 0 ? byte & 0x7f : byte), 0)
}
