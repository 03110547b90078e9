/** The token of a running server: rotated, guessed, and in a file that others may write. */
import { chmod, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { until } from './until.ts'
import { fileURLToPath } from 'node:url'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const [OLD, NEW, LAST] = ['f6a1c30b9d5e47a2', '00112233445566ff', 'ffeeddccbbaa9988']
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

void t.test('a token of a running server', { skip: missing('nix') }, async (t) => {
  const file = join(await temporaryDirectory(t, 'token'), 'token')
  await writeFile(file, OLD, { mode: 0o600 })
  const server = await startPushless(t, {
    env: { PUSHLESS_TOKEN_FILE: file, PUSHLESS_OPEN_ON_LOOPBACK: 'off' },
  })
  const ask = async (token: string) =>
    (await fetch(`${server.url}/builds`, { headers: { authorization: `Bearer ${token}` } })).status

  await t.test('that is rotated', async (t) => {
    t.equal(await ask(OLD), 200)
    await writeFile(`${file}.new`, NEW, { mode: 0o600 })
    await rename(`${file}.new`, file)
    t.equal(await ask(NEW), 200)
    t.equal(await ask(OLD), 401, 'the old one is over')
  })

  await t.test('SIGHUP reads it again, and ends nothing', async (t) => {
    await writeFile(file, LAST)
    server.kill('SIGHUP')
    await until(() =>
      server.logs.find(
        ({ msg }) =>
          msg === 'another token counts from now on' &&
          server.logs.some((line) => String(line['msg']).startsWith('SIGHUP')),
      ),
    )
    server.kill('SIGHUP')
    t.equal(await ask(LAST), 200)
    await writeFile(file, '')
    t.equal(await ask(LAST), 200, 'an emptied file takes nobody’s access')
    await until(() => server.logs.find(({ msg }) => String(msg).startsWith('token file not read')))
  })

  await t.test('300 guesses', async (t) => {
    const answers = await Promise.all(Array.from({ length: 300 }, async (_, i) => ask(`guess-${i}-${OLD}`)))
    const compared = answers.filter((status) => status === 401).length
    t.ok(compared <= 15, `${compared} were compared`)
    t.equal(answers.filter((status) => status === 429).length, 300 - compared)
    t.ok(
      await until(() =>
        server.logs.find(
          ({ msg, address }) => String(msg).startsWith('wrong token') && address === '127.0.0.1',
        ),
      ),
    )
    t.notMatch(server.lines.join('\n'), /guess-\d/, 'which are not in the log')
    t.equal((await fetch(`${server.url}/v2/`)).status, 200, 'pulls go on')
  })
  await server.stop()
})

void t.test('a token file that everybody may write', async (t) => {
  const directory = await temporaryDirectory(t, 'token')
  const file = join(directory, 'token')
  await writeFile(file, OLD)
  await chmod(file, 0o666)
  const { exitCode, stderr } = await execa(
    process.execPath,
    [MAIN, 'serve', '--listen', '127.0.0.1:0', '--state', directory, '--token-file', file],
    { reject: false, timeout: 20_000 },
  )
  t.equal(exitCode, 1)
  t.match(stderr, `mode 0666 lets other users write it, and so choose the token: chmod g-w,o-rwx ${file}`)
})
