import { createHash } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SYSTEM_STORE } from '../../../src/core/nix/store-directory.ts'
import type { StorePath } from '../../../src/core/nix/store-path.ts'
import { componentFiles } from '../../../src/insight/inventory/component-files.ts'

const hash = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('hex')

void t.test('regular files, by name, with their hashes', async (t) => {
  const directory = t.testdir({
    bin: { tool: 'program', z: t.fixture('symlink', 'tool') },
    'bin.txt': '',
    empty: {},
  })
  chmodSync(join(directory, 'bin/tool'), 0o555)
  t.strictSame(await componentFiles(directory as StorePath, SYSTEM_STORE), [
    { name: 'bin.txt', sha1: hash('sha1', ''), sha256: hash('sha256', ''), isExecutable: false },
    {
      name: 'bin/tool',
      sha1: hash('sha1', 'program'),
      sha256: hash('sha256', 'program'),
      isExecutable: true,
    },
  ])
  t.match(
    await componentFiles(join(directory, 'bin.txt') as StorePath, SYSTEM_STORE),
    [{ name: '.' }],
    'a path that is a file',
  )
  await t.rejects(componentFiles(join(directory, 'gone') as StorePath, SYSTEM_STORE), { message: /gone/ })
})
