import t from 'tap'
import { differenceOf } from '../../../src/insight/difference/difference.ts'
import { inventory } from '../image.ts'

void t.test('packages that change', (t) => {
  const before = inventory(['a'], {
    same: { version: '1', size: 1 },
    updated: { version: '1.9', size: 10, licences: ['MIT'] },
    relicensed: { version: '2', size: 5, licences: ['MIT'] },
    rebuilt: { version: '3', size: 7 },
    removed: { version: '4', size: 8 },
    'twice#1': { version: '9.1' },
    'twice#2': { version: '10.1' },
    tool: { output: 'dev' },
  })
  const after = inventory(['a'], {
    same: { version: '1', size: 1 },
    updated: { version: '1.10', size: 12, licences: ['MIT'], build: 1 },
    relicensed: { version: '2', size: 5, licences: ['ISC'], build: 1 },
    rebuilt: { version: '3', size: 7, build: 1 },
    added: { version: '5', size: 9 },
    'twice#1': { version: '9.2', build: 1 },
    'twice#2': { version: '10.2', build: 1 },
    tool: { output: 'out' },
  })
  const { packages, unchanged, size } = differenceOf(before, after)
  t.strictSame(
    packages.map(({ name, before, after, differs }) => [name, before?.version, after?.version, differs]),
    [
      ['added', undefined, '5', []],
      ['rebuilt', '3', '3', []],
      ['relicensed', '2', '2', ['licence']],
      ['removed', '4', undefined, []],
      ['tool', undefined, undefined, []],
      ['tool (dev)', undefined, undefined, []],
      ['twice', '9.1', '9.2', ['version']],
      ['twice', '10.1', '10.2', ['version']],
      ['updated', '1.9', '1.10', ['version', 'size']],
    ],
  )
  t.equal(unchanged, 1)
  t.strictSame(size, { before: 31, after: 34 })
  t.end()
})

void t.test('layers that an update moves', (t) => {
  const before = inventory([], {}, { base: 100, old: 20 })
  const after = inventory([], {}, { base: 100, new: 7, other: 3 })
  t.strictSame(differenceOf(before, after).layers, { shared: 1, sharedBytes: 100, moved: 2, movedBytes: 10 })
  t.strictSame(differenceOf(after, after).layers, { shared: 3, sharedBytes: 110, moved: 0, movedBytes: 0 })
  t.end()
})

void t.test('equal images differ in nothing', (t) => {
  const image = inventory(['a'], { a: { uses: ['b'] }, b: {} })
  t.strictSame(differenceOf(image, image).packages, [])
  t.end()
})
