import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemCode } from '../../../src/core/errors/system-error.ts'
import { makeStateDirectory } from '../../../src/registry/state/state-directory.ts'

void t.test('a directory for its owner alone, with those above it', async (t) => {
  const directory = join(t.testdir(), 'a', 'b')
  makeStateDirectory(directory)
  makeStateDirectory(directory)
  t.equal(statSync(directory).mode & 0o777, 0o700)
})

void t.test('a place where none can be is refused at once', async (t) => {
  const file = join(t.testdir({ file: '' }), 'file', 'x')
  for (const [directory, code] of [
    ['/proc/x', 'ENOENT'],
    ['/proc/x/y', 'ENOENT'],
    [file, 'ENOTDIR'],
  ] as const) {
    try {
      makeStateDirectory(directory)
      t.fail(directory)
    } catch (error) {
      t.equal(systemCode(error), code, directory)
    }
  }
})
