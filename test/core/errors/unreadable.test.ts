import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { unreadable } from '../../../src/core/errors/unreadable.ts'

const path = '/nix/store/00000000000000000000000000000000-x'

void t.test('a store path that can’t be read: it is gone, or the system says why', async (t) => {
  const directory = t.testdir({ file: '' })
  const rows: readonly (readonly [read: () => unknown, message: string])[] = [
    [() => lstatSync(join(directory, 'nothing')), `store path vanished: ${path}`],
    [() => readFileSync(directory), `store path cannot be read: ${path}: is a directory; name a file`],
    [
      () => lstatSync(join(directory, 'file', 'x')),
      `store path cannot be read: ${path}: not below a directory; a part of this path is a file`,
    ],
  ]
  for (const [read, message] of rows) {
    try {
      read()
      t.fail(message)
    } catch (cause) {
      t.match(unreadable(path, cause), { kind: 'unavailable', message, cause })
    }
  }
  t.match(unreadable(path, new Error('x')), { message: `store path cannot be read: ${path}` })
})
