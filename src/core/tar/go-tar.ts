/**
 * Tar headers as Go's `archive/tar` writes them when it chooses the format itself, for the layers of nix2container:
 * with the same bytes its layers have the digests that it recorded. Source: Go, src/archive/tar, `allowedFormats`,
 * `writeUSTARHeader`, `writePAXHeader`.
 *
 * Told from format 1: a directory's name has no slash at its end, a long name is cut at the last slash that leaves 155
 * bytes before it, pax headers are named after their entry, and what isn't ASCII is left out of the main block.
 */
import { isAscii } from '../byte-string.ts'
import { posix } from 'node:path'
import { ROOT, SYMLINK_MODE, type TarEntry } from './tar-header.ts'
import {
  MAX_USTAR_ID,
  MAX_USTAR_SIZE,
  NAME_SIZE,
  OWNER_NAME_SIZE,
  PREFIX_SIZE,
  TYPE,
  headerBlocks,
  paxRecord,
} from './ustar-block.ts'

export function goHeader(entry: TarEntry): Uint8Array {
  const { name } = entry
  const target = entry.kind === 'symlink' ? entry.target : ''
  const size = entry.kind === 'file' ? entry.size : 0
  const { uid, gid, uname, gname, mtime } = { ...ROOT, ...entry.attributes }
  const split = splitName(name)
  // Sorted by key. A name that ustar could hold is a record too where another field needs pax.
  const texts = [
    ['gname', gname, OWNER_NAME_SIZE],
    ['linkpath', target, NAME_SIZE],
    ['path', name, NAME_SIZE],
    ['uname', uname, OWNER_NAME_SIZE],
  ] as const
  const numbers = [
    ['gid', gid, MAX_USTAR_ID],
    ['size', size, MAX_USTAR_SIZE],
    ['uid', uid, MAX_USTAR_ID],
  ] as const
  const large = [
    ...texts.filter(([, text, limit]) => text.length > limit || !isAscii(text)),
    ...numbers.filter(([, value, limit]) => value > limit),
  ]
  const isUstar = large.every(([key]) => key === 'path' && split !== undefined)
  const main = {
    mode: entry.mode ?? SYMLINK_MODE,
    uid: uid <= MAX_USTAR_ID ? uid : 0,
    gid: gid <= MAX_USTAR_ID ? gid : 0,
    size: size <= MAX_USTAR_SIZE ? size : 0,
    mtime,
    type: TYPE[entry.kind],
    hasDevices: true,
  }
  const pax = { name: paxName(name), mode: 0, type: TYPE.pax, hasDevices: false }
  if (isUstar) return headerBlocks(pax, '', { ...main, ...(split ?? { name }), target, uname, gname })
  const records = large
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => paxRecord(key, String(value)))
    .join('')
  return headerBlocks(pax, records, {
    ...main,
    name: withoutLastSlash(removeNonAscii(name)),
    target: withoutLastSlash(removeNonAscii(target)),
    uname: removeNonAscii(uname),
    gname: removeNonAscii(gname),
  })
}

/** `splitUSTARPath`: nothing for a name that needs no prefix, or that no prefix helps. */
function splitName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (name.length <= NAME_SIZE || !isAscii(name)) return undefined
  const slash = name.slice(0, PREFIX_SIZE + 1).lastIndexOf('/')
  const rest = name.length - slash - 1
  if (slash <= 0 || rest > NAME_SIZE || rest === 0 || slash > PREFIX_SIZE) return undefined
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) }
}

function paxName(name: string): string {
  const slash = name.lastIndexOf('/') + 1
  const joined = posix.join(name.slice(0, slash), 'PaxHeaders.0', name.slice(slash))
  return removeNonAscii(joined).slice(0, NAME_SIZE).replace(/\/+$/, '')
}

function removeNonAscii(text: string): string {
  // oxlint-disable-next-line no-control-regex -- "not ASCII" is what is meant
  return text.replaceAll(/[^\x01-\x7f]/g, '')
}

/** `formatString`: a field that is cut at a slash would read as a directory. */
function withoutLastSlash(text: string): string {
  return text.length > NAME_SIZE && text[NAME_SIZE - 1] === '/' ? text.slice(0, NAME_SIZE - 1) : text
}
