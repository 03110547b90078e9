/**
 * Layer tar, format 1: the bytes before each file's content. These bytes are the identity of every layer we serve, so
 * each field is written here, and `test/core/tar/tar-header.test.ts` pins them; any change is a new format version.
 *
 * Not tar-stream's encoder: it exports none, takes UTF-8 strings only (a name in the Nix store is any bytes), and
 * its output may change with its version.
 *
 * Format: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header". A pax record stands only for what
 * ustar can't hold: a name or target that is too long or isn't ASCII, a size of 8 GiB or more, an owner's number of
 * 2^21 or more.
 */
import { asByteString, isAscii, type ByteString } from '../byte-string.ts'
import {
  MAX_USTAR_ID,
  MAX_USTAR_SIZE,
  NAME_SIZE,
  OWNER_NAME_SIZE,
  PAX_NAME,
  PREFIX_SIZE,
  TYPE,
  headerBlocks,
  paxRecord,
} from './ustar-block.ts'

export type TarEntry = (
  | { readonly kind: 'directory'; readonly name: ByteString; readonly mode: number }
  | {
      readonly kind: 'symlink'
      readonly name: ByteString
      readonly target: ByteString
      /** Defaults to 0777. */
      readonly mode?: number
    }
  | { readonly kind: 'file'; readonly name: ByteString; readonly mode: number; readonly size: number }
) & { readonly attributes?: TarAttributes }

/** Attributes that differ from those of every store path: owner 0 without names, and mtime 1. */
export type TarAttributes = {
  readonly uid?: number
  readonly gid?: number
  readonly uname?: ByteString
  readonly gname?: ByteString
  /** Seconds since the epoch, whole ones. */
  readonly mtime?: number
}

export const TAR_FORMAT = 1
/** Nix's own: the first second, since 0 means "no time" to some tools. */
const MTIME = 1
export const SYMLINK_MODE = 0o777
const PAX_MODE = 0o644
/** A byte of zero behind them is left. */
const OWNER_NAME_LENGTH = OWNER_NAME_SIZE - 1
/** Owner and time of every store path. */
export const ROOT: Required<TarAttributes> = {
  uid: 0,
  gid: 0,
  uname: asByteString(''),
  gname: asByteString(''),
  mtime: MTIME,
}

/** The header blocks of an entry: 512 bytes, or 1536 and more where a pax record is needed. */
export function tarHeader(entry: TarEntry): Uint8Array {
  const name = entry.kind === 'directory' ? `${entry.name}/` : entry.name
  const target = entry.kind === 'symlink' ? entry.target : ''
  const size = entry.kind === 'file' ? entry.size : 0
  const owner = entry.attributes === undefined ? ROOT : { ...ROOT, ...entry.attributes }
  const { uid, gid, uname, gname, mtime } = owner
  const place = placeName(name)
  const targetFits = target.length <= NAME_SIZE && isAscii(target)
  const records =
    (place === undefined ? paxRecord('path', name) : '') +
    (targetFits ? '' : paxRecord('linkpath', target)) +
    (size <= MAX_USTAR_SIZE ? '' : paxRecord('size', String(size))) +
    (owner === ROOT ? '' : paxOwner(owner))
  const pax = { name: PAX_NAME, mode: PAX_MODE, type: TYPE.pax, mtime: MTIME, hasDevices: true }
  return headerBlocks(pax, records, {
    ...(place ?? { prefix: '', name: replaceNonAscii(name) }),
    mode: entry.mode ?? SYMLINK_MODE,
    uid: uid <= MAX_USTAR_ID ? uid : 0,
    gid: gid <= MAX_USTAR_ID ? gid : 0,
    size: size <= MAX_USTAR_SIZE ? size : 0,
    mtime: mtime >= 0 && mtime <= MAX_USTAR_SIZE ? mtime : 0,
    type: TYPE[entry.kind],
    target: targetFits ? target : replaceNonAscii(target),
    uname: replaceNonAscii(uname.slice(0, OWNER_NAME_LENGTH)),
    gname: replaceNonAscii(gname.slice(0, OWNER_NAME_LENGTH)),
    hasDevices: true,
  })
}

/** Records for the parts of an owner and a time that ustar can't hold. */
function paxOwner({ uid, gid, uname, gname, mtime }: Required<TarAttributes>): string {
  return (
    (uid <= MAX_USTAR_ID ? '' : paxRecord('uid', String(uid))) +
    (gid <= MAX_USTAR_ID ? '' : paxRecord('gid', String(gid))) +
    paxOwnerName('uname', uname) +
    paxOwnerName('gname', gname) +
    (mtime >= 0 && mtime <= MAX_USTAR_SIZE ? '' : paxRecord('mtime', String(mtime)))
  )
}

function paxOwnerName(key: string, value: string): string {
  return value.length <= OWNER_NAME_LENGTH && isAscii(value) ? '' : paxRecord(key, value)
}

/** Places a name in ustar's fields: in `name`, or cut at the first slash that leaves 100 bytes or fewer behind it. */
function placeName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (!isAscii(name)) return undefined
  if (name.length <= NAME_SIZE) return { prefix: '', name }
  const slash = name.indexOf('/', name.length - NAME_SIZE - 1)
  if (slash === -1 || slash > PREFIX_SIZE || slash === name.length - 1) return undefined
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) }
}

/** The name for readers without pax: its start, with `?` for characters that aren't ASCII. */
function replaceNonAscii(text: string): string {
  if (text === '') return text
  // oxlint-disable-next-line no-control-regex -- "not ASCII" is what is meant
  return text.slice(0, NAME_SIZE).replaceAll(/[^\x00-\x7f]/g, '?')
}
