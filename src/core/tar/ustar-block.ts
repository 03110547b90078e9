/**
 * One block of a tar header, and pax records: what the dialects of tar that we write have in common.
 * Format: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header". Strings are byte strings.
 */

const BLOCK = 512
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
const USTAR_MAGIC = Buffer.from('ustar\u000000')
/** The checksum counts as eight spaces in itself. */
const NO_CHECKSUM = 8 * 0x20
const DIGIT_0 = 0x30

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
 * Offsets and widths of the ustar header; what isn't written stays zero. Summed as it is written: most of it is zeros.
 * @param bytes zeros at `at`. Every field must fit.
 */
function writeUstarBlock(bytes: Buffer, at: number, block: UstarBlock): void {
  let sum = NO_CHECKSUM
  sum += text(bytes, at, NAME_SIZE, block.name)
  sum += octal(bytes, at + 100, 8, block.mode)
  sum += octal(bytes, at + 108, 8, block.uid ?? 0)
  sum += octal(bytes, at + 116, 8, block.gid ?? 0)
  sum += octal(bytes, at + 124, 12, block.size)
  sum += octal(bytes, at + 136, 12, block.mtime ?? 0)
  sum += text(bytes, at + 156, 1, block.type)
  sum += text(bytes, at + 157, NAME_SIZE, block.target)
  bytes.set(USTAR_MAGIC, at + 257)
  sum += sumOf(bytes, at + 257, USTAR_MAGIC.length)
  sum += text(bytes, at + 265, OWNER_NAME_SIZE, block.uname)
  sum += text(bytes, at + 297, OWNER_NAME_SIZE, block.gname)
  if (block.hasDevices) sum += octal(bytes, at + 329, 8, 0) + octal(bytes, at + 337, 8, 0)
  sum += text(bytes, at + 345, PREFIX_SIZE, block.prefix)
  octal(bytes, at + 148, 7, sum)
  bytes[at + 155] = 0x20
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

/** Returns the sum of its bytes. A call that writes nothing costs as much as one that does. */
function text(bytes: Buffer, at: number, size: number, value: string | undefined): number {
  if (value === undefined || value === '') return 0
  return sumOf(bytes, at, bytes.write(value, at, size, 'latin1'))
}

function sumOf(bytes: Uint8Array, at: number, length: number): number {
  let sum = 0
  for (let i = at; i < at + length; i++) sum += bytes[i] ?? 0
  return sum
}

/** Writes octal digits to all but the last byte, which stays zero. Returns their sum. */
function octal(bytes: Uint8Array, at: number, width: number, value: number): number {
  let sum = 0
  let rest = value
  for (let i = at + width - 2; i >= at; i--) {
    const digit = DIGIT_0 + (rest % 8)
    bytes[i] = digit
    sum += digit
    rest = Math.floor(rest / 8)
  }
  return sum
}
