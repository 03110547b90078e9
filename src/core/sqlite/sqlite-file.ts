/**
 * A SQLite database file, written at once from sorted rows. Not by SQLite itself: these bytes are part of an image's
 * digest, and SQLite promises that files stay readable, not that another version of it writes the same ones (its
 * version number alone is in each file's header). Tables and indexes only; no row may be so large that it needs
 * overflow pages.
 *
 * Format: https://www.sqlite.org/fileformat2.html, sections 1.3 (header) and 1.6 (b-tree pages).
 */

import { record, varint, type SqliteRow as Row } from './sqlite-record.ts'

export type SqliteObject =
  /** Row number `i` has rowid `i + 1`; a column that is `integer primary key` is null in it. */
  | { readonly type: 'table'; readonly name: string; readonly sql: string; readonly rows: readonly Row[] }
  | {
      readonly type: 'index'
      readonly name: string
      readonly table: string
      /** None for the index that a `unique` or `primary key` makes by itself. */
      readonly sql: string | undefined
      /** The indexed columns and the rowid, sorted by all of them. */
      readonly rows: readonly Row[]
    }
  | { readonly type: 'trigger'; readonly name: string; readonly table: string; readonly sql: string }

const PAGE_SIZE = 4096
const FILE_HEADER_SIZE = 100
const LEAF_HEADER_SIZE = 8
const INTERIOR_HEADER_SIZE = 12
const POINTER_SIZE = 2
const CHILD_SIZE = 4
const PAGE_TYPE = {
  table: { interior: 0x05, leaf: 0x0d },
  index: { interior: 0x02, leaf: 0x0a },
} as const
/** Section 1.6: what fits into a cell; more would spill to an overflow page. */
const MAX_PAYLOAD = { table: PAGE_SIZE - 35, index: Math.floor(((PAGE_SIZE - 12) * 64) / 255) - 23 } as const
/** Any: "the SQLite that wrote it", for people. */
const VERSION_NUMBER = 3_007_000

type Tree = keyof typeof PAGE_TYPE

/** @param objects in the order of the schema: an index behind its table. @throws Error for a row that is too large. */
export function sqliteFile(objects: readonly SqliteObject[]): Uint8Array {
  // Page 1 holds the schema, which names the pages of all others: it comes last.
  const pages: Buffer[] = [Buffer.alloc(0)]
  const schema = objects.map((object) => {
    const root = object.type === 'trigger' ? 0 : writeTree(pages, object.type, object.rows)
    const table = object.type === 'table' ? object.name : object.table
    return [object.type, object.name, table, root, object.sql ?? null]
  })
  const cells = tableCells(schema)
  if (!fits(cells, FILE_HEADER_SIZE + LEAF_HEADER_SIZE)) throw new Error('sqlite: the schema needs one page')
  const first = page(PAGE_TYPE.table.leaf, cells, undefined, FILE_HEADER_SIZE)
  fileHeader(pages.length).copy(first)
  pages[0] = first
  return Buffer.concat(pages)
}

/** @returns the number of the tree's root page. */
function writeTree(pages: Buffer[], tree: Tree, rows: readonly Row[]): number {
  let { groups, separators } = tree === 'table' ? tableLeaves(rows) : indexLeaves(rows)
  let children = groups.map((cells) => pages.push(page(PAGE_TYPE[tree].leaf, cells)))
  while (children.length > 1) {
    const above = interiorPages(children, separators)
    children = above.pages.map(({ cells, right }) => pages.push(page(PAGE_TYPE[tree].interior, cells, right)))
    separators = above.separators
  }
  return children[0] ?? 0
}

type Leaves = { readonly groups: readonly (readonly Buffer[])[]; readonly separators: readonly Buffer[] }

/** Rows are in leaves only; between two leaves stands the rowid of the left one's last. */
function tableLeaves(rows: readonly Row[]): Leaves {
  const groups: Buffer[][] = []
  const separators: Buffer[] = []
  let group: Buffer[] = []
  for (const [i, cell] of tableCells(rows).entries()) {
    if (fits([...group, cell], LEAF_HEADER_SIZE)) {
      group.push(cell)
    } else {
      separators.push(varint(i))
      groups.push(group)
      group = [cell]
    }
  }
  return { groups: [...groups, group], separators }
}

/** Between two leaves stands a row of its own, which is in neither. */
function indexLeaves(rows: readonly Row[]): Leaves {
  const groups: Buffer[][] = []
  const separators: Buffer[] = []
  let group: Buffer[] = []
  for (const cell of rows.map(indexCell)) {
    if (fits([...group, cell], LEAF_HEADER_SIZE)) {
      group.push(cell)
    } else {
      groups.push(group)
      separators.push(cell)
      group = []
    }
  }
  // No leaf may be empty: the last separator goes there, and the row before it takes its place.
  const [last, before] = [separators.at(-1), groups.at(-1)?.at(-1)]
  if (group.length === 0 && last !== undefined && before !== undefined) {
    groups.at(-1)?.pop()
    separators.splice(-1, 1, before)
    group = [last]
  }
  return { groups: [...groups, group], separators }
}

type Interior = { readonly cells: readonly Buffer[]; readonly right: number }

/** One level above: each page has all but its last child in a cell, and no page has one child alone. */
function interiorPages(
  children: readonly number[],
  separators: readonly Buffer[],
): { readonly pages: readonly Interior[]; readonly separators: readonly Buffer[] } {
  const found: Interior[] = []
  const up: Buffer[] = []
  let cells: Buffer[] = []
  for (const [i, child] of children.entries()) {
    const separator = separators[i]
    if (separator === undefined) {
      found.push({ cells, right: child })
      continue
    }
    const cell = Buffer.concat([u32(child), separator])
    const isLastButOne = i === children.length - 2
    if (fits([...cells, cell], INTERIOR_HEADER_SIZE)) {
      cells.push(cell)
    } else if (isLastButOne) {
      found.push({ cells: cells.slice(0, -1), right: children[i - 1] ?? 0 })
      up.push(separators[i - 1] ?? separator)
      cells = [cell]
    } else {
      found.push({ cells, right: child })
      up.push(separator)
      cells = []
    }
  }
  return { pages: found, separators: up }
}

function tableCells(rows: readonly Row[]): readonly Buffer[] {
  return rows.map((row, i) => {
    const payload = record(row, MAX_PAYLOAD.table)
    return Buffer.concat([varint(payload.length), varint(i + 1), payload])
  })
}

function indexCell(row: Row): Buffer {
  const payload = record(row, MAX_PAYLOAD.index)
  return Buffer.concat([varint(payload.length), payload])
}

function fits(cells: readonly Buffer[], headerSize: number): boolean {
  return cells.reduce((sum, { length }) => sum + length + POINTER_SIZE, headerSize) <= PAGE_SIZE
}

/** @param right the last child, of an interior page. */
function page(type: number, cells: readonly Buffer[], right?: number, at = 0): Buffer {
  const bytes = Buffer.alloc(PAGE_SIZE)
  let content = PAGE_SIZE
  let pointer = at + (right === undefined ? LEAF_HEADER_SIZE : INTERIOR_HEADER_SIZE)
  for (const cell of cells) {
    content -= cell.length
    cell.copy(bytes, content)
    pointer = bytes.writeUInt16BE(content, pointer)
  }
  bytes.writeUInt8(type, at)
  bytes.writeUInt16BE(cells.length, at + 3)
  bytes.writeUInt16BE(content, at + 5)
  if (right !== undefined) bytes.writeUInt32BE(right, at + 8)
  return bytes
}

function fileHeader(pageCount: number): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER_SIZE)
  bytes.write('SQLite format 3\0', 0, 'latin1')
  bytes.writeUInt16BE(PAGE_SIZE, 16)
  // Write-ahead log: what Nix switches to when it opens one that has none, which two at once can't. Then no reserved
  // bytes, and three fractions that are always these.
  bytes.set([2, 2, 0, 64, 32, 32], 18)
  bytes.writeUInt32BE(1, 24) // changes
  bytes.writeUInt32BE(pageCount, 28)
  bytes.writeUInt32BE(1, 40) // schema cookie
  bytes.writeUInt32BE(4, 44) // schema format
  bytes.writeUInt32BE(1, 56) // UTF-8
  bytes.writeUInt32BE(1, 92) // the change for which the page count holds
  bytes.writeUInt32BE(VERSION_NUMBER, 96)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(CHILD_SIZE)
  bytes.writeUInt32BE(value)
  return bytes
}
