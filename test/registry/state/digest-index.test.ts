import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { EMPTY_INDEX } from '../../../src/core/oci/image.ts'
import { DigestIndex } from '../../../src/registry/state/digest-index.ts'
import { LAYER, ROOT, change, fileIn, filled, newDirectory, use } from '../filled-index.ts'

void t.test('entries are found again, also by the next process', async (t) => {
  const directory = newDirectory()
  use(directory, (index) => {
    t.equal(index.layer('key'), undefined)
    t.equal(index.manifest(EMPTY_INDEX.digest), undefined)
    index.putLayer('key', LAYER)
    index.putManifest(ROOT, EMPTY_INDEX)
    t.equal(index.latest('name'), undefined)
    index.putLatest('name', EMPTY_INDEX.digest)
    t.strictSame(index.layer('key'), LAYER)
    t.equal(index.manifest(EMPTY_INDEX.digest)?.root, ROOT)
  })
  use(directory, (index) => {
    t.strictSame(index.layer('key'), LAYER)
    t.strictSame(index.manifest(EMPTY_INDEX.digest), {
      root: ROOT,
      bytes: new Uint8Array(EMPTY_INDEX.bytes),
    })
    t.equal(index.latest('name'), EMPTY_INDEX.digest)
    t.equal(index.layer('other'), undefined)
    const other = { ...LAYER, size: 1 }
    index.putLayer('key', other)
    t.strictSame(index.layer('key'), other, 'what is put again is replaced')
  })
})

void t.test('what is put together is written as a whole', async (t) => {
  const directory = newDirectory()
  use(directory, (index) => {
    index.together(() => {
      index.putLayer('one', LAYER)
      index.putManifest(ROOT, EMPTY_INDEX)
    })
    t.strictSame(index.layer('one'), LAYER)
    index.together(() => {
      index.putLayer('two', LAYER)
      throw new Error('half of it')
    })
    t.equal(index.layer('two'), undefined, 'or not at all')
    index.putLayer('three', LAYER)
  })
  use(directory, (index) => {
    t.strictSame(index.layer('one'), LAYER)
    t.equal(index.manifest(EMPTY_INDEX.digest)?.root, ROOT)
    t.strictSame(index.layer('three'), LAYER)
  })
})

void t.test('two servers may share a directory', async (t) => {
  const directory = newDirectory()
  const [one, two] = [new DigestIndex(directory), new DigestIndex(directory)]
  t.teardown(() => [one, two].forEach((index) => index.close()))
  one.putLayer('a', LAYER)
  two.putLayer('b', LAYER)
  t.strictSame(two.layer('a'), LAYER)
  t.strictSame(one.layer('b'), LAYER)
})

void t.test('notes outlive a restart, and an altered one is an error', async (t) => {
  const directory = newDirectory()
  use(directory, (index) => {
    t.equal(index.note('key'), undefined)
    index.putNote('key', 'first')
    index.putNote('key', 'second')
  })
  use(directory, (index) => t.equal(index.note('key'), 'second'))
  change(directory, "UPDATE notes SET note = 'third'")
  use(directory, (index) =>
    t.throws(() => index.note('key'), { kind: 'unavailable', message: /a row is damaged/ }),
  )
})

void t.test('the directory is made with all above it', async (t) => {
  const directory = join(newDirectory(), 'deep', 'er')
  filled(directory)
  t.ok(statSync(fileIn(directory)).isFile())
})

void t.test('the file of another version is emptied, and works', async (t) => {
  for (const version of [0, 1, 99]) {
    const directory = filled()
    change(directory, `PRAGMA user_version = ${version}; DROP TABLE layers; CREATE TABLE layers (other TEXT)`)
    use(directory, (index) => {
      t.equal(index.layer('key'), undefined, `version ${version}`)
      t.equal(index.manifest(EMPTY_INDEX.digest), undefined)
      index.putLayer('key', LAYER)
      t.strictSame(index.layer('key'), LAYER)
    })
  }
})

void t.test('an empty file is as good as none', async (t) => {
  const directory = newDirectory()
  mkdirSync(directory)
  writeFileSync(fileIn(directory), '')
  t.equal(
    use(filled(directory), (index) => index.layer('key')?.size),
    LAYER.size,
  )
})
