import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execaSync } from 'execa'
import t from 'tap'
import { START_SIZE, readPathStart } from '../../../src/source/files/path-start.ts'

void t.test('what a path is, and how its file begins', async (t) => {
  const base = t.testdir()
  const at = (name: string) => join(base, name)
  const large = Buffer.alloc(START_SIZE + 1, 'x')
  mkdirSync(at('directory'))
  writeFileSync(at('small'), 'text')
  writeFileSync(at('empty'), '')
  writeFileSync(at('large'), large)
  symlinkSync('small', at('link'))
  execaSync('mkfifo', [at('pipe')])
  t.strictSame(readPathStart(at('directory')), { kind: 'directory' })
  t.strictSame(readPathStart(at('link')), { kind: 'other' }, 'a link is not followed')
  t.strictSame(readPathStart(at('pipe')), { kind: 'other' }, 'a pipe is not waited for')
  for (const [name, size, beginning] of [
    ['small', 4, 'text'],
    ['empty', 0, ''],
    ['large', large.length, large.toString('latin1', 0, START_SIZE)],
  ] as const) {
    const start = readPathStart(at(name))
    if (start.kind !== 'file') throw new Error(start.kind)
    t.equal(start.size, size)
    t.equal(Buffer.from(start.bytes).toString(), beginning, name)
  }
  t.throws(() => readPathStart(at('absent')), { code: 'ENOENT' })
})
