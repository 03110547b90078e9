/**
 * The structures of an EROFS image: superblock, inode and directory entry. All numbers are little-endian.
 * Source: Linux, fs/erofs/erofs_fs.h; its documentation, filesystems/erofs.rst.
 */
import { crc32c } from './crc32c.ts'

/** 4 KiB: the size that every kernel takes, whatever the size of its pages. */
export const EROFS_BLOCK = 4096
/** An inode's number is its offset in these units. */
export const INODE_SLOT = 32
export const SUPERBLOCK_OFFSET = 1024
export const SUPERBLOCK_SIZE = 128
export const DIRENT_SIZE = 12
export const MAX_NAME_LENGTH = 255
/** PATH_MAX without its end. The kernel would cut off what is longer. */
export const MAX_TARGET_LENGTH = 4095
/** Time of every inode that has none of its own: Nix's first second. */
const EROFS_TIME = 1

export const FILE_TYPE = { file: 1, directory: 2, symlink: 7 } as const
/** The bits of a mode that say the type. */
export const TYPE_BITS = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const

const MAGIC = 0xe0f5e1e2
const BLOCK_BITS = 12
/** The superblock has a checksum (1), and times are those of changed contents (2). */
const COMPATIBLE_FEATURES = 0x1 | 0x2
/** Contents lie in blocks one behind the other; those of the second kind end behind the inode. */
const FLAT_PLAIN = 0
const FLAT_INLINE = 2
const COMPACT_SIZE = 32
const EXTENDED_SIZE = 64
const MAX_16_BITS = 0xffff
const MAX_32_BITS = 0xffffffff

export type Superblock = {
  readonly rootPosition: number
  readonly inodes: number
  readonly blocks: number
  /** 16 bytes. */
  readonly uuid: Uint8Array
}

/** Writes the superblock, and its checksum over the rest of the first block. @param block the first block. */
export function writeSuperblock(block: Buffer, { rootPosition, inodes, blocks, uuid }: Superblock): void {
  const at = SUPERBLOCK_OFFSET
  block.writeUInt32LE(MAGIC, at)
  block.writeUInt32LE(COMPATIBLE_FEATURES, at + 8)
  block[at + 12] = BLOCK_BITS
  block.writeUInt16LE(rootPosition / INODE_SLOT, at + 14)
  writeUInt64(block, inodes, at + 16)
  writeUInt64(block, EROFS_TIME, at + 24)
  block.writeUInt32LE(blocks, at + 36)
  block.set(uuid, at + 48)
  block.writeUInt32LE(crc32c(block.subarray(at)), at + 4)
}

export type Inode = {
  /** Permissions and type. */
  readonly mode: number
  readonly size: number
  readonly links: number
  readonly uid: number
  readonly gid: number
  /** Seconds since the epoch. */
  readonly mtime: number
  /** For programs that know 32 bits only. */
  readonly number: number
}

/** The bytes of an inode: 32, or 64 where a number doesn't fit. */
export function inodeSize({ size, links, uid, gid, mtime }: Omit<Inode, 'mode' | 'number'>): number {
  const isCompact =
    size <= MAX_32_BITS &&
    links <= MAX_16_BITS &&
    uid <= MAX_16_BITS &&
    gid <= MAX_16_BITS &&
    mtime === EROFS_TIME
  return isCompact ? COMPACT_SIZE : EXTENDED_SIZE
}

/**
 * @param firstBlock number of the block where the contents begin.
 * @param isInline whether the end of the contents lies behind the inode.
 */
export function inodeBytes(inode: Inode, firstBlock: number, isInline: boolean): Uint8Array {
  const { mode, size, links, uid, gid, mtime, number } = inode
  const layout = (isInline ? FLAT_INLINE : FLAT_PLAIN) << 1
  const length = inodeSize(inode)
  // From Node's pool: an allocation each would cost more than all the rest.
  const bytes = Buffer.allocUnsafe(length).fill(0)
  bytes.writeUInt16LE(mode, 4)
  bytes.writeUInt32LE(firstBlock, 16)
  bytes.writeUInt32LE(number, 20)
  if (length === COMPACT_SIZE) {
    bytes.writeUInt16LE(layout, 0)
    bytes.writeUInt16LE(links, 6)
    bytes.writeUInt32LE(size, 8)
    bytes.writeUInt16LE(uid, 24)
    bytes.writeUInt16LE(gid, 26)
  } else {
    bytes.writeUInt16LE(layout | 1, 0)
    writeUInt64(bytes, size, 8)
    bytes.writeUInt32LE(uid, 24)
    bytes.writeUInt32LE(gid, 28)
    bytes.writeBigInt64LE(BigInt(mtime), 32)
    bytes.writeUInt32LE(links, 44)
  }
  return bytes
}

/** @param bytes zeros at `at`. @param nameOffset within the block of the directory. */
export function writeDirent(
  bytes: Buffer,
  at: number,
  position: number,
  nameOffset: number,
  type: number,
): void {
  writeUInt64(bytes, position / INODE_SLOT, at)
  bytes.writeUInt16LE(nameOffset, at + 8)
  bytes[at + 10] = type
}

/** Exact up to 2^53, which no image reaches. */
function writeUInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % 2 ** 32, at)
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
}
