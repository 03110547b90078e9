/** A digest index whose file is damaged, held or out of reach says so, and never gives a wrong digest. */
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { execa } from 'execa'
import t from 'tap'
import { digestOf } from '../../src/core/oci/digest.ts'
import { EMPTY_INDEX } from '../../src/core/oci/image.ts'
import { DigestIndex } from '../../src/registry/state/digest-index.ts'
import { StateTrouble } from '../../src/registry/state/state-trouble.ts'
import { LAYER, base, change, fileIn, filled, newDirectory, unavailable, use } from './filled-index.ts'

/** Nonsense over a part of a file. */
const overwrite = (from: number, length: number) => (path: string) => {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(length, 0xaa), 0, length, from)
  closeSync(file)
}

/** Where these can't be written. Root may write everywhere, so it becomes another user for this long. */
function withoutRights(paths: readonly string[], what: () => void): void {
  const isRoot = process.geteuid?.() === 0
  const modes = paths.map((path) => ({ path, mode: statSync(path).mode }))
  for (const path of paths) chmodSync(path, 0o555)
  if (isRoot) process.seteuid?.(65_534)
  try {
    what()
  } finally {
    if (isRoot) process.seteuid?.(0)
    for (const { path, mode } of modes) chmodSync(path, mode)
  }
}

void t.test('a damaged file is an error that names it and says what to do', async (t) => {
  for (const [what, damage] of [
    [
      'no database',
      (path: string) => writeFileSync(path, 'this is no database, and long enough to be told '.repeat(50)),
    ],
    ['a broken header', overwrite(0, 16)],
    ['a broken first page', overwrite(100, 2000)],
    ['a broken table', overwrite(4096, 4096)],
    ['cut short', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 5000))],
  ] as const) {
    const directory = filled()
    damage(fileIn(directory))
    t.throws(() => new DigestIndex(directory), unavailable(directory, /delete the file/), what)
  }
})

void t.test('a row with one flipped bit is an error, never a wrong digest', async (t) => {
  const wrong = digestOf(Buffer.from('wrong'))
  for (const [what, sql] of [
    ['digest', `UPDATE layers SET digest = '${wrong}'`],
    ['size', 'UPDATE layers SET size = size + 1'],
    ['sum', `UPDATE layers SET sum = 'x' || sum`],
    ['key', `UPDATE layers SET key = 'other'`],
  ] as const) {
    const directory = filled()
    change(directory, sql)
    use(directory, (index) =>
      t.throws(
        () => index.layer(what === 'key' ? 'other' : 'key'),
        unavailable(directory, /row is damaged.*delete the file/),
        what,
      ),
    )
  }
  for (const [what, sql] of [
    ['root', `UPDATE manifests SET root = replace(root, '-x', '-y')`],
    ['bytes', `UPDATE manifests SET bytes = x'00'`],
    ['sum', `UPDATE manifests SET sum = ''`],
  ] as const) {
    const directory = filled()
    change(directory, sql)
    use(directory, (index) =>
      t.throws(() => index.manifest(EMPTY_INDEX.digest), unavailable(directory, /row is damaged/), what),
    )
  }
})

void t.test('a bit that flips in the file is found', async (t) => {
  const directory = filled()
  const bytes = readFileSync(fileIn(directory))
  const at = bytes.indexOf(LAYER.digest)
  t.ok(at > 0)
  bytes.writeUInt8(bytes.readUInt8(at + 20) ^ 1, at + 20)
  writeFileSync(fileIn(directory), bytes)
  t.throws(() => use(directory, (index) => index.layer('key')), unavailable(directory, /damaged/))
})

void t.test('a file that another process holds is reported, and hinders nobody', async (t) => {
  const directory = filled()
  const holder = new DatabaseSync(fileIn(directory))
  t.teardown(() => holder.close())
  const failures: unknown[] = []
  const index = new DigestIndex(directory, new StateTrouble((error) => failures.push(error)))
  t.teardown(() => index.close())
  holder.exec('BEGIN EXCLUSIVE')
  index.putLayer('other', LAYER)
  t.match(failures, [unavailable(directory, /locked; another process holds it/)])
  t.strictSame(index.layer('key'), LAYER, 'reading goes on')
  holder.exec('COMMIT')
  index.putLayer('other', LAYER)
  t.strictSame(index.layer('other'), LAYER, 'and so does writing, once it is free')
})

void t.test('a file that another process holds for itself alone can’t be opened', async (t) => {
  const directory = filled()
  const holder = new DatabaseSync(fileIn(directory))
  t.teardown(() => holder.close())
  holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE held (x)')
  t.throws(() => new DigestIndex(directory), unavailable(directory, /locked; another process holds it/))
})

void t.test('a directory that can’t be is an error that names it', async (t) => {
  const file = join(base, 'file')
  writeFileSync(file, '')
  t.throws(
    () => new DigestIndex(join(file, 'state')),
    unavailable(join(file, 'state'), /not below a directory/),
  )
  const directory = newDirectory()
  mkdirSync(fileIn(directory), { recursive: true })
  t.throws(() => new DigestIndex(directory), unavailable(directory, /unable to open/))
})

void t.test('a directory that can’t be written is an error that names it', async (t) => {
  const directory = filled()
  withoutRights([base, directory, fileIn(directory)], () => {
    t.throws(
      () => new DigestIndex(join(directory, 'below')),
      unavailable(join(directory, 'below'), /permission denied/),
    )
    const closed = join(base, 'closed')
    t.throws(() => new DigestIndex(closed), unavailable(closed, /permission denied/))
    t.throws(() => new DigestIndex(directory), unavailable(directory, /readonly|unable to open/))
  })
  t.strictSame(
    use(directory, (index) => index.layer('key')),
    LAYER,
    'and what is in it is as it was',
  )
})

/** Why no small disk can be had here; `false` where it can. */
const smallDisk = join(base, 'small-disk')
mkdirSync(smallDisk)
const withoutDisk: string | false = await execa('mount', [
  '-t',
  'tmpfs',
  '-o',
  'size=256k',
  'tmpfs',
  smallDisk,
]).then(
  () => false,
  () => 'no tmpfs can be mounted here',
)
if (withoutDisk === false) t.teardown(() => execa('umount', [smallDisk]))

void t.test(
  'a full disk is reported, hinders nobody, and what was there stays',
  { skip: withoutDisk },
  async (t) => {
    const directory = filled(join(smallDisk, 'state'))
    const failures: unknown[] = []
    const trouble = new StateTrouble((error) => failures.push(error))
    const index = new DigestIndex(directory, trouble)
    for (let i = 0; i < 5000 && !trouble.isTroubled; i++) index.putLayer(`key ${i} ${'x'.repeat(500)}`, LAYER)
    index.putLayer(`key ${'x'.repeat(500)}`, LAYER)
    t.match(failures, [unavailable(directory, /full; no space left|disk I\/O error/)])
    t.equal(failures.length, 1, 'told once')
    t.strictSame(index.layer('key'), LAYER)
    index.close()
    t.throws(() => new DigestIndex(join(smallDisk, 'other')), { name: 'RegistryError', kind: 'unavailable' })
  },
)
