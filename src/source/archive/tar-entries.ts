/**
 * Lists the entries of a tar file with their positions. Headers are read and contents stepped over, so the last entry
 * of 4 GB is found with a few hundred small reads. Headers are decoded by npm's tar; this file decides where each
 * entry lies.
 *
 * Formats: POSIX.1-2017 pax and ustar, and GNU tar's long names and binary sizes ("Basic Tar Format" of its manual).
 * Refused is what readers are known to disagree on: sparse files, links with contents, names that lead out.
 */
import { Header } from 'tar/header'
import { Pax } from 'tar/pax'
import { RegistryError } from '../../core/errors/errors.ts'
import { padded } from '../../core/tar/ustar-block.ts'
import { MAGIC_SIZE, compressionOf, type Compression } from '../../unpack/compression.ts'
import { paxRecords } from './pax-records.ts'

export type TarEntry = {
  /** Relative, without `./` in front and `/` at the end; empty for the root itself. */
  readonly name: string
  readonly kind: 'file' | 'directory' | 'hard link' | 'symlink' | 'other'
  /** The position of its contents. */
  readonly offset: number
  readonly size: number
  /** As it is written, for links. */
  readonly target: string
  /** The compression of a file's own contents, as layers have it. */
  readonly compression?: Compression
}

/** Bytes at a position; fewer at the end. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>

const BLOCK = 512
/** Names and targets are a few hundred bytes; a longer one is there to fill memory. */
const MAX_META_SIZE = 64 * 1024
/** Linux's PATH_MAX. */
const MAX_NAME_LENGTH = 4096

/**
 * The entries in order, up to the zero block that ends them, or the end of the file.
 * @param label what the tar is called, for errors.
 * @throws RegistryError `unservable` for what is truncated, damaged or refused.
 */
export async function* tarEntries(read: ReadAt, size: number, label: string): AsyncGenerator<TarEntry> {
  const refuse = (at: number, why: string): never => {
    throw new RegistryError('unservable', `${label}: ${why} (at byte ${at})`)
  }
  let extended: Pax | undefined
  let longName: string | undefined
  let longTarget: string | undefined
  let at = 0
  while (at < size) {
    // With what tells a compression, which so costs no read of its own.
    const head = await read(at, BLOCK + MAGIC_SIZE)
    const block = head.subarray(0, BLOCK)
    if (block.length < BLOCK) refuse(at, 'a truncated tar: it ends within a header')
    const header = decode(block, extended) ?? refuse(at, 'not a tar header')
    if (header.nullBlock) return
    if (!header.cksumValid) refuse(at, 'a damaged tar header')
    const offset = at + BLOCK
    const length = header.size ?? -1
    if (!Number.isSafeInteger(length) || length < 0) refuse(at, 'a size that is not a number')
    const kind = kindOf(header.type)
    // The pax record by itself: the decoder puts ustar's prefix before its path, and ustar's target in place of its own.
    const name = longName ?? extended?.path ?? header.path ?? ''
    if (offset + length > size) refuse(at, `a truncated tar: it ends within ${quoted(name)}`)
    at = offset + padded(length)
    if (kind === 'pax' || kind === 'global pax' || kind === 'long name' || kind === 'long target') {
      if (length > MAX_META_SIZE) refuse(offset, `${length} bytes about an entry`)
      const bytes = await read(offset, length)
      if (bytes.length < length) refuse(offset, 'a truncated tar: it ends within a header')
      const text = bytes.toString()
      if (text.includes('GNU.sparse.')) refuse(offset, 'a sparse file')
      if (kind === 'pax') extended = new Pax(paxRecords(bytes) ?? refuse(offset, 'a damaged pax header'))
      if (kind === 'long name') longName = untilNul(text)
      if (kind === 'long target') longTarget = untilNul(text)
      continue
    }
    if (kind === 'sparse') refuse(offset, `a sparse file: ${quoted(name)}`)
    const isLink = kind === 'hard link' || kind === 'symlink'
    if (isLink && length > 0) refuse(offset, `a link with contents: ${quoted(name)}`)
    const target = longTarget ?? extended?.linkpath ?? header.linkpath ?? ''
    if (name.length > MAX_NAME_LENGTH || target.length > MAX_NAME_LENGTH) refuse(offset, 'an endless name')
    const compression = kind === 'file' ? compressionOf(head.subarray(BLOCK, BLOCK + length)) : undefined
    yield {
      name: relativeName(name) ?? refuse(offset, `a name that leads out of the archive: ${quoted(name)}`),
      kind: kind === 'sparse' ? 'other' : kind,
      offset,
      size: length,
      target,
      ...(compression === undefined ? {} : { compression }),
    }
    extended = longName = longTarget = undefined
  }
}

/** `./a//b/` as `a/b`; nothing for what is absolute or goes up. */
export function relativeName(name: string): string | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  return name.startsWith('/') || parts.includes('..') || name.includes('\0') ? undefined : parts.join('/')
}

/** As people may see it: one line of reasonable length. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}\u2026` : name)
}

type Meaning = TarEntry['kind'] | 'pax' | 'global pax' | 'long name' | 'long target' | 'sparse'

function kindOf(type: Header['type']): Meaning {
  switch (type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return 'file'
    case 'Directory':
      return 'directory'
    case 'Link':
      return 'hard link'
    case 'SymbolicLink':
      return 'symlink'
    case 'ExtendedHeader':
    case 'OldExtendedHeader':
      return 'pax'
    case 'GlobalExtendedHeader':
      return 'global pax'
    case 'NextFileHasLongPath':
    case 'OldGnuLongPath':
      return 'long name'
    case 'NextFileHasLongLinkpath':
      return 'long target'
    case 'SparseFile':
      return 'sparse'
    default:
      return 'other'
  }
}

/** Nothing for numbers that don't fit. */
function decode(block: Buffer, extended: Pax | undefined): Header | undefined {
  try {
    return new Header(block, 0, extended)
  } catch {
    return undefined
  }
}

function untilNul(text: string): string {
  const end = text.indexOf('\0')
  return end === -1 ? text : text.slice(0, end)
}
