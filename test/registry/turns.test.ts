/** While an image of many files is made, the server's thread goes on with other requests. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'
import { nixEnv } from '../support/nix.ts'

const FILES = 60_000
/** Milliseconds of its processor: a machine with much else to do hardly changes them. */
const LONGEST_TURN_MS = 50
const LIMIT_MS = 300_000

void t.test('an image of 60 000 files takes no long turn', { skip: withoutNix }, async (t) => {
  const path = await makeStorePath('many-files-1.0', async (path) => {
    // Each name in `share` is linked below `/`, too.
    for (const folder of ['share', 'lib/deep']) {
      await mkdir(join(path, folder), { recursive: true })
      const script = `i=0; while [ $i -lt ${FILES / 2} ]; do echo $i > file-$i; i=$((i + 1)); done`
      await execa('sh', ['-c', script], { cwd: join(path, folder), timeout: LIMIT_MS })
    }
  })
  const script = fileURLToPath(new URL('longest-turn.ts', import.meta.url))
  const { stdout } = await execa(process.execPath, [script, path, t.testdir()], {
    env: nixEnv,
    timeout: LIMIT_MS,
  })
  const { size, longestMs } = JSON.parse(stdout) as { readonly size: number; readonly longestMs: number }
  t.ok(size > FILES * 1024, 'all files are in it')
  t.ok(longestMs < LONGEST_TURN_MS, `${Math.round(longestMs)} ms in one turn of the event loop`)
})
