/** Tar files block by block, so that a header can say what no tool would write. Source: POSIX.1-2017, pax, "ustar". */

export type RawEntry = {
  readonly name: string
  /** The type flag; a file's where none is said. */
  readonly type?: string
  readonly content?: Uint8Array
  readonly target?: string
  /** What stands in the header's size, if that isn't the content's: 12 bytes. */
  readonly size?: string | Uint8Array
}

const BLOCK = 512

/** The entries and the two zero blocks of the end. */
export function rawTar(entries: readonly RawEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)])
}

/** A pax header with these records, for the entry behind it; `x`, or `g` for all entries. */
export function paxEntry(records: Readonly<Record<string, string>>, type = 'x'): RawEntry {
  const content = Buffer.concat(Object.entries(records).map(([key, value]) => record(key, value)))
  return { name: 'PaxHeader', type, content }
}

/** A size in GNU's binary form: its first bit set, and whatever is in the rest. */
export function binarySize(first: number, rest = 0): Buffer {
  return Buffer.alloc(12, rest).fill(first, 0, 1)
}

function blocksOf({ name, type = '0', content = new Uint8Array(), target = '', size }: RawEntry): Buffer[] {
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, 100)
  header.write(`0000644\0${'0000000\0'.repeat(2)}`, 100, 'latin1')
  if (size === undefined) header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  else Buffer.from(size).copy(header, 124, 0, 12)
  header.write('00000000001\0', 136, 'latin1')
  header.write(type, 156, 1, 'latin1')
  header.write(target, 157, 100)
  header.write('ustar\u000000', 257, 'latin1')
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return [header, Buffer.from(content), Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]
}

function record(key: string, value: string): Buffer {
  const text = Buffer.from(` ${key}=${value}\n`)
  let length = text.length + 1
  while (String(length).length + text.length > length) length += 1
  return Buffer.concat([Buffer.from(String(length)), text])
}
