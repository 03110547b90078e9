/** Rows as SQLite writes them. Format: https://www.sqlite.org/fileformat2.html, section 2.1, and 1.6 for varints. */

/** Integers must be safe ones, texts ASCII or UTF-8. */
export type SqliteValue = number | string | null
export type SqliteRow = readonly SqliteValue[]

/** A header with the type of each column, then the values. */
export function record(row: SqliteRow, maxSize: number): Buffer {
  const values = row.map(valueOf)
  const types = Buffer.concat(values.map(({ type }) => varint(type)))
  // The header counts its own length, which takes one byte below 128: more columns than any table here has.
  const bytes = Buffer.concat([varint(types.length + 1), types, ...values.map(({ bytes: value }) => value)])
  if (types.length + 1 >= 128 || bytes.length > maxSize) throw new Error('sqlite: a row is too large')
  return bytes
}

const EMPTY = Buffer.alloc(0)
/** Bytes of an integer, and the type that says so. */
const INTEGER_TYPES = [
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 4],
  [6, 5],
] as const

function valueOf(value: SqliteValue): { readonly type: number; readonly bytes: Buffer } {
  if (value === null) return { type: 0, bytes: EMPTY }
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return { type: 13 + 2 * bytes.length, bytes }
  }
  if (value === 0 || value === 1) return { type: 8 + value, bytes: EMPTY }
  for (const [size, type] of INTEGER_TYPES) {
    const limit = 2 ** (8 * size - 1)
    if (value < -limit || value >= limit) continue
    const bytes = Buffer.alloc(size)
    bytes.writeIntBE(value, 0, size)
    return { type, bytes }
  }
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return { type: 6, bytes }
}

/** Seven bits a byte, the highest first; all but the last have their eighth bit set. For less than 2^49. */
export function varint(value: number): Buffer {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift((rest % 128) | 0x80)
  }
  return Buffer.from(bytes)
}
