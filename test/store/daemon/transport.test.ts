import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { messageChain } from '../../../src/core/errors/error-chain.ts'
import { isValidPath } from '../../../src/store/daemon/operations.ts'
import { NixPool } from '../../../src/store/daemon/pool.ts'
import {
  autoTransport,
  processTransport,
  socketTransport,
  type Duplex,
} from '../../../src/store/daemon/transport.ts'
import { parseStorePath } from '../../../src/core/nix/store-path.ts'

const directory = mkdtempSync(join(tmpdir(), 'transport-'))
t.teardown(() => rmSync(directory, { recursive: true }))

const NODE = process.execPath
/** Says what it hears, twice. */
const ECHO = [NODE, '-e', 'process.stdin.on("data", (heard) => process.stdout.write(heard + heard))'] as const

async function listen(path: string, onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onSocket).listen(path)
  await once(server, 'listening')
  return server
}

async function firstWords({ input, output }: Duplex, said: string): Promise<string> {
  output.write(said)
  const [heard] = (await once(input, 'data')) as [Buffer]
  return heard.toString()
}

void t.test('a unix socket', async (t) => {
  const path = join(directory, 'socket')
  const server = await listen(path, (socket) =>
    socket.on('data', (heard) => socket.write(`${String(heard)}!`)),
  )
  t.teardown(() => server.close())
  const transport = socketTransport(path)
  t.equal(transport.name, `unix:${path}`)
  const duplex = await transport.open()
  t.equal(await firstWords(duplex, 'hello'), 'hello!')
  t.equal(duplex.explain(), '')
  duplex.close()
  t.equal(duplex.input.destroyed, true)
})

void t.test('a socket that isn’t there rejects', async (t) => {
  await t.rejects(socketTransport(join(directory, 'nowhere')).open(), { code: 'ENOENT' })
})

void t.test('a socket whose other side is reset ends, and ends nothing else', async (t) => {
  const path = join(directory, 'reset')
  const server = await listen(path, (socket) => socket.destroy())
  t.teardown(() => server.close())
  const duplex = await socketTransport(path).open()
  duplex.output.write('x')
  t.equal(await text(duplex.input).catch(() => ''), '')
  duplex.close()
})

void t.test('a process', async (t) => {
  const transport = processTransport(ECHO)
  t.equal(transport.name, ECHO.join(' '))
  const duplex = await transport.open()
  t.equal(await firstWords(duplex, 'ab'), 'abab')
  duplex.close()
  t.equal(
    await Promise.race([
      once(duplex.input, 'close').then(() => 'gone'),
      setTimeout(5000, 'still there', { ref: false }),
    ]),
    'gone',
  )
})

void t.test('the last words of a process are kept, the end of them', async (t) => {
  const script = 'process.stderr.write("x".repeat(10000) + "error: no such user\\n"); process.exitCode = 1'
  const duplex = await processTransport([NODE, '-e', script]).open()
  t.equal(await text(duplex.input), '')
  // The two streams of a process end in any order.
  for (let i = 0; i < 100 && duplex.explain() === ''; i++) await setTimeout(10)
  t.match(duplex.explain(), /x{3000,}error: no such user$/)
  t.ok(duplex.explain().length <= 4096)
})

void t.test('a command that isn’t there, or ends at once, is named in the error', async (t) => {
  const path = parseStorePath('/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x')
  if (path === undefined) return
  for (const [command, message] of [
    [
      ['no-such-command-anywhere', '--stdio'],
      /^no-such-command-anywhere is not in PATH \(\/[^)]+\): check --nix, or install it$/,
    ],
    [
      [NODE, '-e', 'console.error("cannot open the store"); process.exit(3)'],
      /no connection to Nix .*: cannot open the store$/s,
    ],
  ] as const) {
    const pool = new NixPool(processTransport(command))
    await t.rejects(pool.query(isValidPath(path)), { name: 'ConnectionError', message }, command[0])
    pool.close()
  }
})

void t.test(
  'where there is no Nix, one sentence says what was looked for, where, and what to do',
  async (t) => {
    const path = join(directory, 'no-socket')
    const pool = new NixPool(autoTransport(path, ['no-such-daemon', '--stdio']))
    const failure: unknown = await pool.connect().catch((error: unknown) => error)
    t.match(
      messageChain(failure),
      new RegExp(
        `^neither a Nix daemon nor no-such-daemon was found: ${path}: there is no such socket; no-such-daemon is not in PATH \\(/[^)]+\\); install Nix 2\\.8 or later .*--nix how to reach it$`,
      ),
    )
    pool.close()
    const file = join(directory, 'no-program')
    writeFileSync(file, '')
    await t.rejects(processTransport([file]).open(), {
      message: `${file}: permission denied; run as a user who may, or change its owner or mode`,
    })
  },
)

void t.test('auto takes the socket while it answers, else the command; decided anew each time', async (t) => {
  const path = join(directory, 'auto')
  const transport = autoTransport(path, ECHO)
  t.equal(transport.name, `unix:${path} or ${ECHO.join(' ')}`)
  const heard = async () => {
    const duplex = await transport.open()
    const words = await firstWords(duplex, 'x')
    duplex.close()
    return words
  }
  t.equal(await heard(), 'xx', 'no socket')
  const server = await listen(path, (socket) => socket.on('data', () => socket.write('from the socket')))
  t.equal(await heard(), 'from the socket')
  server.close()
  await once(server, 'close')
  t.equal(await heard(), 'xx', 'the socket went away')
})
