/**
 * Layer tar, format 1: the bytes before each file's content. These bytes are the identity of every layer we serve, so
 * each field is written here, and `test/core/tar-header.test.ts` pins them; any change is a new format version.
 *
 * Not tar-stream's encoder: it exports none, takes UTF-8 strings only (a name in the Nix store is any bytes), and
 * its output may change with its version. Names here are *byte strings*: one character a byte (latin1), so that
 * string order is byte order.
 *
 * Format: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header". A pax record stands only for what
 * ustar can't hold: a name or target that is too long or isn't ASCII, and a size of 8 GiB or more.
 */
import {
  MAX_USTAR_ID,
  MAX_USTAR_SIZE,
  NAME_SIZE,
  OWNER_NAME_SIZE,
  PAX_NAME,
  PREFIX_SIZE,
  TYPE,
  headerBlocks,
  isAscii,
  paxRecord,
} from './ustar-block.ts'

export type TarOwner = {
  readonly uid: number
  readonly gid: number
  /** ASCII; empty where none is said. */
  readonly userName: string
  readonly groupName: string
}

/** What format 1 has the same for all: root without a name, and the first second. */
export type TarAttributes = {
  readonly owner?: TarOwner
  /** Seconds since the epoch, not negative. */
  readonly mtime?: number
}

export type TarEntry = TarAttributes &
  (
    | { readonly kind: 'directory'; readonly name: string; readonly mode: number }
    | {
        readonly kind: 'symlink'
        readonly name: string
        readonly target: string
        /** 0777 where none is said. */
        readonly mode?: number
      }
    | { readonly kind: 'file'; readonly name: string; readonly mode: number; readonly size: number }
  )

export const TAR_FORMAT = 1
/** Nix's own: the first second, since 0 means "no time" to some tools. */
export const MTIME = 1
export const SYMLINK_MODE = 0o777
const PAX_MODE = 0o644

/** The header blocks of an entry: 512 bytes, or 1536 and more where a pax record is needed. */
export function tarHeader(entry: TarEntry): Uint8Array {
  const name = entry.kind === 'directory' ? `${entry.name}/` : entry.name
  const target = entry.kind === 'symlink' ? entry.target : ''
  const size = entry.kind === 'file' ? entry.size : 0
  const { uid, gid, userName, groupName } = entry.owner ?? ROOT
  const mtime = entry.mtime ?? MTIME
  const place = placeName(name)
  const targetFits = target.length <= NAME_SIZE && isAscii(target)
  const records =
    (place === undefined ? paxRecord('path', name) : '') +
    (targetFits ? '' : paxRecord('linkpath', target)) +
    (size <= MAX_USTAR_SIZE ? '' : paxRecord('size', String(size))) +
    (uid <= MAX_USTAR_ID ? '' : paxRecord('uid', String(uid))) +
    (gid <= MAX_USTAR_ID ? '' : paxRecord('gid', String(gid))) +
    (userName.length <= OWNER_NAME_SIZE ? '' : paxRecord('uname', userName)) +
    (groupName.length <= OWNER_NAME_SIZE ? '' : paxRecord('gname', groupName))
  const pax = { name: PAX_NAME, mode: PAX_MODE, size: 0, type: TYPE.pax, mtime: MTIME, hasDevices: true }
  return headerBlocks(pax, records, {
    ...(place ?? { prefix: '', name: asciiOnly(name) }),
    mode: entry.mode ?? SYMLINK_MODE,
    uid: uid <= MAX_USTAR_ID ? uid : 0,
    gid: gid <= MAX_USTAR_ID ? gid : 0,
    size: size <= MAX_USTAR_SIZE ? size : 0,
    mtime,
    type: TYPE[entry.kind],
    target: targetFits ? target : asciiOnly(target),
    userName,
    groupName,
    hasDevices: true,
  })
}

const ROOT: TarOwner = { uid: 0, gid: 0, userName: '', groupName: '' }

/** Where ustar holds the name: in `name`, or cut at the first slash that leaves 100 bytes or fewer behind it. */
function placeName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (!isAscii(name)) return undefined
  if (name.length <= NAME_SIZE) return { prefix: '', name }
  const slash = name.indexOf('/', name.length - NAME_SIZE - 1)
  if (slash === -1 || slash > PREFIX_SIZE || slash === name.length - 1) return undefined
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) }
}

/** What readers without pax see: the start of the name, with `?` for what isn't ASCII. */
function asciiOnly(text: string): string {
  // oxlint-disable-next-line no-control-regex -- "not ASCII" is what is meant
  return text.slice(0, NAME_SIZE).replaceAll(/[^\x00-\x7f]/g, '?')
}
