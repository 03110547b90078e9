/**
 * Reads the pax header before an entry. Only name, target and size matter here. Records are cut by the lengths that
 * they give (POSIX pax, "pax Header Block"); a reader that goes line by line finds other records in a value of several
 * lines. A header with wrong lengths is ignored, since readers are known to disagree about it.
 */
export type PaxRecords = { readonly path?: string; readonly linkpath?: string; readonly size?: number }

const RECORD = /^([1-9][0-9]{0,9}) ([^=\n]+)=/
/** Longest head of a record that is looked at; keywords are a dozen characters, those of extended attributes 300. */
const MAX_HEAD = 400
const NEWLINE = 0x0a
const SIZE = /^[0-9]{1,16}$/

/** @returns nothing for what is damaged. An empty value takes a record back. */
export function paxRecords(content: Buffer): PaxRecords | undefined {
  const values = new Map<string, string>()
  for (let at = 0; at < content.length;) {
    const [head = '', digits = '', key = ''] =
      RECORD.exec(content.toString('latin1', at, at + MAX_HEAD)) ?? []
    const end = at + Number(digits)
    if (head === '' || end > content.length || at + head.length >= end || content[end - 1] !== NEWLINE)
      return undefined
    values.set(key, content.toString('utf8', at + head.length, end - 1))
    at = end
  }
  const [path = '', linkpath = '', size = ''] = ['path', 'linkpath', 'size'].map((key) => values.get(key))
  if (size !== '' && !SIZE.test(size)) return undefined
  return {
    ...(path === '' ? {} : { path }),
    ...(linkpath === '' ? {} : { linkpath }),
    ...(size === '' ? {} : { size: Number(size) }),
  }
}
