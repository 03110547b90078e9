import t from 'tap'
import { tableOf } from '../../../src/cli/display/table.ts'

const COLUMNS = [
  { title: 'NAME', align: 'left' },
  { title: 'VERSION', align: 'left' },
  { title: 'SIZE', align: 'right' },
] as const

void t.test('columns are aligned', (t) => {
  t.strictSame(
    tableOf(
      COLUMNS,
      [
        ['glibc', '2.38', '31.2 MB'],
        ['bash', '', '1.0 MB'],
      ],
      80,
    ),
    ['NAME   VERSION     SIZE', 'glibc  2.38     31.2 MB', 'bash             1.0 MB'],
  )
  t.strictSame(tableOf(COLUMNS, [], 80), [])
  t.end()
})

void t.test('the widest column is cut where the terminal is narrow', (t) => {
  const row = ['a'.repeat(100), 'b'.repeat(50), '1.0 MB']
  const [, cut = ''] = tableOf(COLUMNS, [row], 80)
  t.equal(cut.length, 80)
  t.match(cut, /^a{34}…  b{34}…  1\.0 MB$/)
  t.match(tableOf(COLUMNS, [row], 10)[1], /^a{7}…  b{7}…  1\.0 MB$/, 'and keeps a little in any')
  t.equal(tableOf(COLUMNS, [row], Number.POSITIVE_INFINITY)[1], row.join('  '))
  t.end()
})
