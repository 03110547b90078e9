/** Memory under 64 pulls at once of the whole image, and what the state directory holds afterwards. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { repositoryUrl } from '../test/e2e/client.ts'
import { startPushless } from '../test/support/registry-process.ts'
import type { Scope } from '../test/support/scope.ts'
import type { Figure } from './figure.ts'
import { memoryOf } from '../test/support/memory-of.ts'
import type { Closure } from './start.ts'

const PULLS = 64
const TARGET_MEGABYTES = 200
const TARGET_STATE_SHARE = 0.01
const CLIENT = fileURLToPath(new URL('pull-client.ts', import.meta.url))

export async function measureMemory(
  scope: Scope,
  closure: Closure,
  image: string,
): Promise<readonly Figure[]> {
  const server = await startPushless(scope)
  const idle = await memoryOf(server.pid, 'VmRSS')
  // A process of its own, so that its work isn't the server's.
  const { stdout } = await execa(process.execPath, [CLIENT, repositoryUrl(server.url, image), String(PULLS)])
  const { bytes, ms } = JSON.parse(stdout) as { readonly bytes: number; readonly ms: number }
  const peak = await memoryOf(server.pid, 'VmHWM')
  let state = 0
  for (const name of await readdir(server.state)) state += (await stat(join(server.state, name))).size
  return [
    {
      name: `resident memory at its highest, ${PULLS} pulls at once of the whole image`,
      value: `${peak.toFixed(0)} MB`,
      number: peak,
      target: `<= ${TARGET_MEGABYTES} MB`,
      isMet: peak <= TARGET_MEGABYTES,
      note: `${idle.toFixed(0)} MB before; ${(bytes / 1e9).toFixed(1)} GB in ${(ms / 1000).toFixed(1)} s`,
    },
    {
      name: 'state directory, of the closure',
      value: `${((state / closure.bytes) * 100).toFixed(2)} %`,
      number: (state / closure.bytes) * 100,
      target: '<= 1 %',
      isMet: state / closure.bytes <= TARGET_STATE_SHARE,
      note: `${(state / 1e3).toFixed(0)} kB`,
    },
  ]
}
