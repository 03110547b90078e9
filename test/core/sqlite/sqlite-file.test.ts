/** What the real SQLite makes of our files: every size of tree, each row found again, through tables and indexes. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { sqliteFile } from '../../../src/core/sqlite/sqlite-file.ts'
import type { SqliteValue } from '../../../src/core/sqlite/sqlite-record.ts'

const directory = mkdtempSync(join(tmpdir(), 'sqlite-file-'))
t.teardown(() => rmSync(directory, { recursive: true }))

/** A table of texts and numbers with an index on each, `count` rows; `width` makes the texts that long. */
function fileOf(count: number, width: number): Uint8Array {
  const rows = Array.from({ length: count }, (_, i) => ({
    rowid: i + 1,
    text: String(i).padStart(width, '0'),
    number: numberOf(i),
  }))
  const byNumber = rows.toSorted((a, b) => a.number - b.number || a.rowid - b.rowid)
  return sqliteFile([
    {
      type: 'table',
      name: 'T',
      sql: 'CREATE TABLE T(id integer primary key, text text unique, number integer, empty)',
      rows: rows.map(({ text, number }) => [null, text, number, null]),
    },
    {
      type: 'index',
      name: 'sqlite_autoindex_T_1',
      table: 'T',
      sql: undefined,
      rows: rows.map(({ text, rowid }) => [text, rowid]),
    },
    {
      type: 'index',
      name: 'ByNumber',
      table: 'T',
      sql: 'CREATE INDEX ByNumber on T(number)',
      rows: byNumber.map(({ number, rowid }) => [number, rowid]),
    },
  ])
}

/** Of every width that SQLite has. */
function numberOf(i: number): number {
  return (i % 2 === 0 ? 1 : -1) * Math.floor(i ** ((i % 3) + 1))
}

function open(bytes: Uint8Array): DatabaseSync {
  const path = join(directory, 'db.sqlite')
  writeFileSync(path, bytes)
  return new DatabaseSync(path)
}

void t.test('SQLite finds nothing wrong with trees of any height', async (t) => {
  for (const [count, width] of [
    [0, 10],
    [1, 10],
    [3, 900],
    // Every number of rows around the first and second leaf, so that each way of ending a page comes up.
    ...Array.from({ length: 24 }, (_, i) => [i, 900] as const),
    ...Array.from({ length: 12 }, (_, i) => [14 + i * 7, 700] as const),
    [1000, 10],
    [5000, 100],
    [1200, 990],
    [60_000, 20],
  ] as const) {
    const database = open(fileOf(count, width))
    const what = `${count} rows of ${width}`
    t.same(database.prepare('pragma integrity_check').all(), [{ integrity_check: 'ok' }], what)
    t.same(database.prepare('select count(*) as n from T').get(), { n: count }, what)
    if (count > 0) {
      const last = String(count - 1).padStart(width, '0')
      t.same(database.prepare('select id, number from T where text = ?').get(last), {
        id: count,
        number: numberOf(count - 1),
      })
    }
    database.close()
  }
})

void t.test('every separator in turn, so that no number of pages ends a level badly', async (t) => {
  // Four rows of this size fill a page, and four children: three levels from 64 rows on.
  for (let count = 1; count <= 400; count += 1) {
    const database = open(fileOf(count, 980))
    const [{ integrity_check: result } = {}] = database.prepare('pragma integrity_check').all()
    database.close()
    if (result !== 'ok') t.fail(`${count} rows: ${String(result)}`)
  }
  t.pass('none')
})

void t.test('values come back as they were', async (t) => {
  const values: SqliteValue[] = [
    null,
    0,
    1,
    -1,
    127,
    128,
    -128,
    -129,
    32_767,
    32_768,
    8_388_607,
    8_388_608,
    2_147_483_647,
    2_147_483_648,
    140_737_488_355_327,
    140_737_488_355_328,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    '',
    'text',
    'größe',
    'x'.repeat(3000),
  ]
  const database = open(
    sqliteFile([
      { type: 'table', name: 'T', sql: 'CREATE TABLE T(v)', rows: values.map((value) => [value]) },
    ]),
  )
  t.same(
    database
      .prepare('select v from T order by rowid')
      .all()
      .map(({ v }) => v),
    values,
  )
  database.close()
})

void t.test('SQLite can go on writing to it', async (t) => {
  const database = open(fileOf(500, 100))
  database.exec("delete from T where id % 3 = 0; insert into T(text, number) values ('more', 7)")
  t.same(database.prepare('pragma integrity_check').all(), [{ integrity_check: 'ok' }])
  database.close()
})

void t.test('rows that need an overflow page are refused', async (t) => {
  const rows = [['x'.repeat(4100)]]
  t.throws(() => sqliteFile([{ type: 'table', name: 'T', sql: 'CREATE TABLE T(v)', rows }]), /too large/)
  t.throws(() => fileOf(2, 1001), /too large/)
})

void t.test('the bytes are the same for ever', async (t) => {
  const sha256 = createHash('sha256').update(fileOf(1000, 100)).digest('hex')
  t.equal(sha256, GOLDEN)
})

const GOLDEN = 'cabf50f3ecad6577a92901060fa547104b65cbb659326eb6054ae5092b340f00'
