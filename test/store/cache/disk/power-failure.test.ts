import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { narHashOf } from '../../../../src/store/cache/disk/nar-hash.ts'
import { damagedSinceBoot } from '../../../../src/store/cache/disk/power-failure.ts'
import { unpackNar } from '../../../../src/store/cache/fetch/unpack-nar.ts'
import { nar, sha256, type Tree } from '../../../support/nar.ts'
import { temporaryDirectory } from '../../../support/scope.ts'

const TREES: readonly (readonly [name: string, tree: Tree])[] = [
  ['an empty file', { file: '' }],
  ['a program', { file: 'x'.repeat(3_000_001), executable: true }],
  ['a link', { symlink: '/nix/store/somewhere' }],
  [
    'a tree',
    {
      directory: [
        ['B', { file: 'upper' }],
        ['a', { directory: [] }],
        ['b.c', { file: '12345678' }],
        ['bc', { directory: [['x', { symlink: '../a' }]] }],
        ['ä', { file: 'not ASCII' }],
      ],
    },
  ],
]

async function* bytesOf(tree: Tree): AsyncGenerator<Uint8Array> {
  yield nar(tree)
}

async function unpacked(t: Test) {
  const base = await temporaryDirectory(t, 'unpacked')
  return Promise.all(
    TREES.map(async ([name, tree]) => {
      const file = join(base, name)
      await unpackNar(bytesOf(tree), file)
      return { file, narHash: sha256(nar(tree)) }
    }),
  )
}

void t.test('what is unpacked has the hash of its archive', async (t) => {
  for (const { file, narHash } of await unpacked(t)) t.equal(narHashOf(file), narHash, file)
})

void t.test('after a start of the machine, damaged paths are found, once', async (t) => {
  const paths = await unpacked(t)
  const mark = join(await temporaryDirectory(t, 'mark'), 'boot-id')
  t.strictSame(damagedSinceBoot(paths, mark, 'first'), [])
  t.equal(await readFile(mark, 'utf8'), 'first')
  const [, program] = paths
  if (program === undefined) return
  await truncate(program.file, 1000)
  t.strictSame(damagedSinceBoot(paths, mark, 'first'), [], 'the same start: nothing is read')
  t.strictSame(damagedSinceBoot(paths, mark, 'second'), [program])
  t.strictSame(damagedSinceBoot(paths, mark, 'second'), [])
})

void t.test('a directory of another machine is checked, too', async (t) => {
  const [first] = await unpacked(t)
  if (first === undefined) return
  const mark = join(await temporaryDirectory(t, 'mark'), 'boot-id')
  await writeFile(mark, 'the other machine')
  await writeFile(first.file, 'damaged')
  t.strictSame(damagedSinceBoot([first], mark, 'this machine'), [first])
})
