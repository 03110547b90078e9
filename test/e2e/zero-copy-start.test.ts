/** --zero-copy without NRI, and beside another registry of the node: refused at the start, each by one line. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { fakeRuntime } from '../nri/fake-runtime.ts'
import { nixEnv } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

async function refusalOf(scope: Scope, args: readonly string[]): Promise<string> {
  const state = await temporaryDirectory(scope, 'state')
  const serve = [
    '--disable-warning=ExperimentalWarning',
    MAIN,
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--state',
    state,
  ]
  const { stderr, exitCode } = await execa(process.execPath, [...serve, '--log-format', 'json', ...args], {
    env: { ...nixEnv, PUSHLESS_NIX: 'nix-daemon --stdio', PUSHLESS_LOG_LEVEL: 'error' },
    reject: false,
    timeout: 20_000,
  })
  if (exitCode === 0) throw new Error('it starts')
  return stderr
}

void t.test('--zero-copy', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'nri')
  const socket = join(directory, 'nri.sock')
  const args = ['--zero-copy', '--nri-socket', socket]

  t.match(
    await refusalOf(t, args),
    /^[^\n]*--zero-copy needs NRI[^\n]*nothing answers at [^\n]*nri\.sock[^\n]*$/,
  )
  t.match(await refusalOf(t, [...args, '--store', 'cache']), /--zero-copy[^\n]*: needs --store daemon/)

  const runtime = await fakeRuntime(t, socket)
  const starting = startPushless(t, { args })
  const peer = await runtime.next()
  await peer.call('Configure')
  await peer.call('Synchronize')
  const first = await starting
  t.match(await refusalOf(t, args), /^[^\n]*--zero-copy: another registry of this node has it[^\n]*$/)
  await first.stop()
  await rm(socket, { force: true })
})
