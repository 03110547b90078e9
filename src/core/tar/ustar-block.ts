/**
 * One block of a tar header, and pax records: what the dialects of tar that we write have in common.
 * Format: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header". Strings are byte strings.
 */

export const BLOCK = 512
/** Two blocks of zeros end an archive. */
export const TRAILER_SIZE = 2 * BLOCK
export const NAME_SIZE = 100
export const PREFIX_SIZE = 155
export const OWNER_NAME_SIZE = 32
/** Eleven octal digits. */
export const MAX_USTAR_SIZE = 0o77777777777
/** Seven octal digits. */
export const MAX_USTAR_ID = 0o7777777
export const PAX_NAME = '././@PaxHeader'
export const TYPE = { file: '0', symlink: '2', directory: '5', pax: 'x' } as const
/** Magic and version. */
const USTAR_MAGIC = 'ustar\u000000'
/** It counts as eight spaces in itself. */
const NO_CHECKSUM = ' '.repeat(8)
/** Major and minor. */
const NO_DEVICES = octal(0, 8).repeat(2)

type UstarBlock = {
  readonly name: string
  readonly mode: number
  readonly size: number
  readonly type: string
  readonly target?: string
  readonly prefix?: string
  readonly uid?: number
  readonly gid?: number
  /** Seconds since the epoch. */
  readonly mtime?: number
  readonly uname?: string
  readonly gname?: string
  /** Whether the device numbers are written as zero, or left out. */
  readonly hasDevices: boolean
}

/**
 * Offsets and widths of the ustar header; what isn't written stays zero.
 * @param bytes zeros at `at`. Every field must fit.
 */
function writeUstarBlock(bytes: Buffer, at: number, block: UstarBlock): void {
  text(bytes, at, NAME_SIZE, block.name)
  // Fields that lie side by side are written at once: the calls are what a header costs.
  const owner = octal(block.uid ?? 0, 8) + octal(block.gid ?? 0, 8)
  const sizes = octal(block.size, 12) + octal(block.mtime ?? 0, 12)
  bytes.write(octal(block.mode, 8) + owner + sizes + NO_CHECKSUM + block.type, at + 100, 'latin1')
  text(bytes, at + 157, NAME_SIZE, block.target)
  bytes.write(USTAR_MAGIC, at + 257, 'latin1')
  text(bytes, at + 265, OWNER_NAME_SIZE, block.uname)
  text(bytes, at + 297, OWNER_NAME_SIZE, block.gname)
  if (block.hasDevices) bytes.write(NO_DEVICES, at + 329, 'latin1')
  text(bytes, at + 345, PREFIX_SIZE, block.prefix)
  let sum = 0
  for (let i = at; i < at + BLOCK; i++) sum += bytes[i] ?? 0
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1')
}

/** The block of a pax header with its records before the main block of an entry, or that alone without records. */
export function headerBlocks(pax: Omit<UstarBlock, 'size'>, records: string, main: UstarBlock): Uint8Array {
  const paxSize = records === '' ? 0 : BLOCK + padded(records.length)
  // From Node's pool: an allocation each would cost more than all the rest.
  const bytes = Buffer.allocUnsafe(paxSize + BLOCK).fill(0)
  if (paxSize > 0) {
    writeUstarBlock(bytes, 0, { ...pax, size: records.length, type: TYPE.pax })
    bytes.write(records, BLOCK, 'latin1')
  }
  writeUstarBlock(bytes, paxSize, main)
  return bytes
}

/** `size` rounded up to whole blocks. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK
}

/** `<length> <key>=<value>\n`, the length counting itself. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return `${length}${rest}`
}

/** A call that writes nothing costs as much as one that does. */
function text(bytes: Buffer, at: number, size: number, value: string | undefined): void {
  if (value !== undefined && value !== '') bytes.write(value, at, size, 'latin1')
}

/** Octal digits filling all but the last byte, which is NUL. */
function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}
