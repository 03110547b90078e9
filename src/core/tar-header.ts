/**
 * Layer tar, format 1: the bytes before each file's content. These bytes are the identity of every layer we serve, so
 * each field is written here, and `test/core/tar-header.test.ts` pins them; any change is a new format version.
 *
 * Not tar-stream's encoder: it exports none, takes UTF-8 strings only (a name in the Nix store is any bytes), and
 * its output may change with its version. Names here are *byte strings*: one character a byte (latin1), so that
 * string order is byte order.
 *
 * Format: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header". A pax record stands only for what
 * ustar can't hold: a name or target that is too long or isn't ASCII, a size of 8 GiB or more, an owner's number of
 * 2^21 or more.
 */

export type TarEntry = (
  | { readonly kind: 'directory'; readonly name: string; readonly mode: number }
  | { readonly kind: 'symlink'; readonly name: string; readonly target: string }
  | { readonly kind: 'file'; readonly name: string; readonly mode: number; readonly size: number }
) & { readonly attributes?: TarAttributes }

/** What differs from what every store path has: owner 0 without names, and mtime 1. */
export type TarAttributes = {
  readonly uid?: number
  readonly gid?: number
  /** A byte string, like all names here. */
  readonly uname?: string
  readonly gname?: string
  /** Seconds since the epoch, whole ones. */
  readonly mtime?: number
}

export const TAR_FORMAT = 1
const BLOCK = 512
/** Two blocks of zeros end an archive. */
export const TRAILER_SIZE = 2 * BLOCK
const NAME_SIZE = 100
const PREFIX_SIZE = 155
/** Eleven octal digits. */
const MAX_USTAR_SIZE = 0o77777777777
/** Seven octal digits. */
const MAX_USTAR_ID = 0o7777777
/** And a byte of zero behind them. */
const OWNER_NAME_SIZE = 31
/** Nix's own: the first second, since 0 means "no time" to some tools. */
const MTIME = 1
const SYMLINK_MODE = 0o777
/** Magic and version. */
const USTAR_MAGIC = 'ustar\u000000'
const PAX_MODE = 0o644
const PAX_NAME = '././@PaxHeader'
// oxlint-disable-next-line no-control-regex -- "not ASCII" is what is meant
const NOT_ASCII = /[^\x00-\x7f]/

/** Owner and time of every store path. */
const ROOT = { uid: 0, gid: 0, uname: '', gname: '', mtime: MTIME } as const
const TYPE = { file: '0', symlink: '2', directory: '5', pax: 'x' } as const

/** The header blocks of an entry: 512 bytes, or 1536 and more where a pax record is needed. */
export function tarHeader(entry: TarEntry): Uint8Array {
  const name = entry.kind === 'directory' ? `${entry.name}/` : entry.name
  const target = entry.kind === 'symlink' ? entry.target : ''
  const size = entry.kind === 'file' ? entry.size : 0
  const place = placeName(name)
  const targetFits = target.length <= NAME_SIZE && !NOT_ASCII.test(target)
  const entryRecords =
    (place === undefined ? paxRecord('path', name) : '') +
    (targetFits ? '' : paxRecord('linkpath', target)) +
    (size <= MAX_USTAR_SIZE ? '' : paxRecord('size', String(size)))
  const owner = entry.attributes === undefined ? ROOT : { ...ROOT, ...entry.attributes }
  const { uid, gid, uname, gname, mtime } = owner
  const records = entryRecords + (owner === ROOT ? '' : paxOwner(owner))

  const main = {
    ...(place ?? { prefix: '', name: asciiOnly(name) }),
    mode: entry.kind === 'symlink' ? SYMLINK_MODE : entry.mode,
    size: size <= MAX_USTAR_SIZE ? size : 0,
    type: TYPE[entry.kind],
    target: targetFits ? target : asciiOnly(target),
    uid: uid <= MAX_USTAR_ID ? uid : 0,
    gid: gid <= MAX_USTAR_ID ? gid : 0,
    uname: asciiOnly(uname.slice(0, OWNER_NAME_SIZE)),
    gname: asciiOnly(gname.slice(0, OWNER_NAME_SIZE)),
    mtime: mtime >= 0 && mtime <= MAX_USTAR_SIZE ? mtime : 0,
  }
  const paxSize = records === '' ? 0 : BLOCK + padded(records.length)
  // From Node's pool: an allocation each would cost more than all the rest.
  const bytes = Buffer.allocUnsafe(paxSize + BLOCK).fill(0)
  if (paxSize > 0) {
    const pax = {
      prefix: '',
      name: PAX_NAME,
      mode: PAX_MODE,
      size: records.length,
      type: TYPE.pax,
      target: '',
      ...ROOT,
    }
    writeBlock(bytes, 0, pax)
    bytes.write(records, BLOCK, 'latin1')
  }
  writeBlock(bytes, paxSize, main)
  return bytes
}

/** `size` rounded up to whole blocks. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK
}

type Block = {
  readonly prefix: string
  readonly name: string
  readonly mode: number
  readonly size: number
  readonly type: string
  readonly target: string
} & Required<TarAttributes>

/** Offsets and widths of the ustar header; what isn't written stays zero (padding). */
function writeBlock(bytes: Buffer, at: number, block: Block): void {
  bytes.write(block.name, at, 'latin1')
  bytes.write(octal(block.mode, 8), at + 100, 'latin1')
  bytes.write(octal(block.uid, 8), at + 108, 'latin1')
  bytes.write(octal(block.gid, 8), at + 116, 'latin1')
  bytes.write(octal(block.size, 12), at + 124, 'latin1')
  bytes.write(octal(block.mtime, 12), at + 136, 'latin1')
  bytes.write('        ', at + 148, 'latin1') // the checksum counts as eight spaces in itself
  bytes.write(block.type, at + 156, 'latin1')
  bytes.write(block.target, at + 157, 'latin1')
  bytes.write(USTAR_MAGIC, at + 257, 'latin1')
  bytes.write(block.uname, at + 265, 'latin1')
  bytes.write(block.gname, at + 297, 'latin1')
  bytes.write(octal(0, 8), at + 329, 'latin1') // device major
  bytes.write(octal(0, 8), at + 337, 'latin1') // device minor
  bytes.write(block.prefix, at + 345, 'latin1')
  let sum = 0
  for (let i = at; i < at + BLOCK; i++) sum += bytes[i] ?? 0
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1')
}

/** Octal digits filling all but the last byte, which is NUL. */
function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}

/** Where ustar holds the name: in `name`, or cut at the first slash that leaves 100 bytes or fewer behind it. */
function placeName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (NOT_ASCII.test(name)) return undefined
  if (name.length <= NAME_SIZE) return { prefix: '', name }
  const slash = name.indexOf('/', name.length - NAME_SIZE - 1)
  if (slash === -1 || slash > PREFIX_SIZE || slash === name.length - 1) return undefined
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) }
}

/** Records for the parts of an owner and a time that ustar can't hold. */
function paxOwner({ uid, gid, uname, gname, mtime }: Required<TarAttributes>): string {
  const name = (key: string, value: string) =>
    value.length <= OWNER_NAME_SIZE && !NOT_ASCII.test(value) ? '' : paxRecord(key, value)
  return (
    (uid <= MAX_USTAR_ID ? '' : paxRecord('uid', String(uid))) +
    (gid <= MAX_USTAR_ID ? '' : paxRecord('gid', String(gid))) +
    name('uname', uname) +
    name('gname', gname) +
    (mtime >= 0 && mtime <= MAX_USTAR_SIZE ? '' : paxRecord('mtime', String(mtime)))
  )
}

/** `<length> <key>=<value>\n`, the length counting itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return `${length}${rest}`
}

/** What readers without pax see: the start of the name, with `?` for what isn't ASCII. */
function asciiOnly(text: string): string {
  return text.slice(0, NAME_SIZE).replaceAll(new RegExp(NOT_ASCII, 'g'), '?')
}
