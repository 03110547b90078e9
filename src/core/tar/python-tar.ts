/**
 * Tar headers as Python's `tarfile` writes them (format PAX, its default since 3.8), for the layers of nixpkgs'
 * `stream_layered_image.py`: with the same bytes, the digests and the image ID are those of the image that its script
 * would have `docker load` take. Source: CPython, Lib/tarfile.py, `create_pax_header` and `_create_header`.
 *
 * Told from format 1: a name over 100 characters is always a pax record (the prefix stays empty), the pax header has
 * neither mode nor time, no entry has device numbers, and the archive is filled up to records of 10 KiB.
 */
import { isAscii } from '../byte-string.ts'
import { ROOT, SYMLINK_MODE, type TarEntry } from './tar-header.ts'
import {
  MAX_USTAR_ID,
  MAX_USTAR_SIZE,
  NAME_SIZE,
  OWNER_NAME_SIZE,
  PAX_NAME,
  TRAILER_SIZE,
  TYPE,
  headerBlocks,
  paxRecord,
} from './ustar-block.ts'

const RECORD_SIZE = 20 * 512

export function pythonHeader(entry: TarEntry): Uint8Array {
  const name = entry.kind === 'directory' && !entry.name.endsWith('/') ? `${entry.name}/` : entry.name
  const target = entry.kind === 'symlink' ? entry.target : ''
  const size = entry.kind === 'file' ? entry.size : 0
  const { uid, gid, uname, gname, mtime } = { ...ROOT, ...entry.attributes }
  const texts = [
    ['path', name, NAME_SIZE],
    ['linkpath', target, NAME_SIZE],
    ['uname', uname, OWNER_NAME_SIZE],
    ['gname', gname, OWNER_NAME_SIZE],
  ] as const
  const numbers = [
    ['uid', uid, MAX_USTAR_ID],
    ['gid', gid, MAX_USTAR_ID],
    ['size', size, MAX_USTAR_SIZE],
    ['mtime', mtime, MAX_USTAR_SIZE],
  ] as const
  const large = texts.filter(([, text, limit]) => text.length > limit || !isAscii(text))
  const records = [
    ...(large.every(([, text]) => isUtf8(text)) ? [] : ['21 hdrcharset=BINARY\n']),
    ...large.map(([key, text]) => paxRecord(key, text)),
    ...numbers.flatMap(([key, value, limit]) => (fits(value, limit) ? [] : [paxRecord(key, String(value))])),
  ].join('')
  return headerBlocks({ name: PAX_NAME, mode: 0, type: TYPE.pax, hasDevices: false }, records, {
    name: replaced(name),
    mode: entry.mode ?? SYMLINK_MODE,
    uid: fits(uid, MAX_USTAR_ID) ? uid : 0,
    gid: fits(gid, MAX_USTAR_ID) ? gid : 0,
    size: fits(size, MAX_USTAR_SIZE) ? size : 0,
    mtime: fits(mtime, MAX_USTAR_SIZE) ? mtime : 0,
    type: TYPE[entry.kind],
    target: replaced(target),
    uname: replaced(uname),
    gname: replaced(gname),
    hasDevices: false,
  })
}

/** Whether ustar's octal digits hold it: times before 1970 need a record, as large numbers do. */
function fits(value: number, limit: number): boolean {
  return value >= 0 && value <= limit
}

/** Zeros behind the last entry. @param size bytes before. */
export function pythonTrailerSize(size: number): number {
  return Math.ceil((size + TRAILER_SIZE) / RECORD_SIZE) * RECORD_SIZE - size
}

/** Python's `encode('ascii', 'replace')`: a question mark for each character, and for each byte that is none. */
function replaced(text: string): string {
  if (isAscii(text)) return text
  const bytes = Buffer.from(text, 'latin1')
  let shown = ''
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at)
    shown += length === 1 && (bytes[at] ?? 0) < 0x80 ? String.fromCharCode(bytes[at] ?? 0) : '?'
    at += length
  }
  return shown
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** Bytes of the UTF-8 character here; 1 where there is none. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0
  const length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (length === 1) return 1
  return decodes(bytes.subarray(at, at + length)) ? length : 1
}

function isUtf8(text: string): boolean {
  return isAscii(text) || decodes(Buffer.from(text, 'latin1'))
}

function decodes(bytes: Uint8Array): boolean {
  try {
    UTF8.decode(bytes)
    return true
  } catch {
    return false
  }
}
