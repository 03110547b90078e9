/** What somebody sees who tries pushless for the first time: on a machine without Nix, with a port in use, in a terminal. */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { until } from './until.ts'
import { repositoryUrl } from './client.ts'
import { root } from '../nix/nix-command.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const MAIN = join(root, 'dist/main.js')
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning', MAIN] as const
const IMAGE = `/nix/store/${'0'.repeat(32)}-hello`
const STACK = /^\s+at |node:internal|\.js:\d/m
const LIMIT_MS = 30_000

/** Nothing of Nix is there, and nothing else. */
async function withoutNix(t: Test) {
  return { PATH: await temporaryDirectory(t, 'path'), PUSHLESS_NIX: 'auto', HOME: '/nowhere' }
}

async function run(args: readonly string[], env: Readonly<Record<string, string>>, cwd = root) {
  const [file, ...node] = NODE
  const options = { env, cwd, extendEnv: false, reject: false, timeout: LIMIT_MS } as const
  const { exitCode, stderr, stdout } = await execa(file, [...node, ...args], options)
  return { exitCode, stderr, stdout }
}

const socket = '/nix/var/nix/daemon-socket/socket'
const skip = existsSync(socket) ? 'a Nix daemon listens on this machine' : false

void t.test('without Nix', { skip }, async (t) => {
  const env = await withoutNix(t)
  const found = `neither a Nix daemon nor nix-daemon was found: ${socket}: there is no such socket; nix-daemon is not in PATH \\(${env.PATH}\\); install Nix 2\\.8 or later .* say with --nix how to reach it`

  await t.test('serve says so in one line, and goes on', async (t) => {
    const server = await startPushless(t, { env })
    const trouble = await until(() => server.logs.find(({ level }) => Number(level) >= 40))
    t.match(trouble, {
      msg: 'Nix does not answer; each pull tries again',
      err: { message: new RegExp(found) },
    })
    t.equal(JSON.stringify(trouble).split('neither a Nix daemon').length, 2, 'once')
    await fetch(`${repositoryUrl(server.url, IMAGE)}/manifests/nix`)
    const refusal = await until(() => server.logs.find(({ msg }) => msg === 'request refused'))
    t.match(refusal, { reason: 'Nix is not reachable', cause: new RegExp(`^${found}$`), status: 503 })
    t.notMatch(server.lines.join('\n'), /"stack"/)
    await server.stop()
  })

  await t.test('at debug, its log has stacks', async (t) => {
    const server = await startPushless(t, { env, args: ['--log-level', 'debug'] })
    const trouble = await until(() => server.logs.find(({ level }) => Number(level) >= 40))
    t.match(trouble, { err: { stack: /RegistryError[^]*caused by: ConnectionError/ } })
  })

  const state = await temporaryDirectory(t, 'state')
  const directory = await temporaryDirectory(t, 'app')
  await writeFile(join(directory, 'app.yaml'), `name: hello\npackage: ${IMAGE}\n`)
  for (const [args, expected] of [
    [['inspect', '--state', state, IMAGE], found],
    [['export', '--state', state, IMAGE, '-o', join(directory, 'x.tar')], found],
    [['manifests', 'app.yaml'], `nix-build is not in PATH \\(${env.PATH}\\): install Nix 2\\.8 or later .*`],
  ] as const) {
    await t.test(args[0], async (t) => {
      const { exitCode, stderr } = await run(args, env, directory)
      t.equal(exitCode, 1)
      t.match(stderr, new RegExp(`^pushless: .*${expected}$`))
      t.equal(stderr.split('\n').length, 1, 'one line')
    })
  }
})

void t.test('a failure of the system says what, where, and what to do', async (t) => {
  const server = await startPushless(t)
  const taken = server.url.slice('http://'.length)
  const directory = await temporaryDirectory(t, 'first')
  const file = join(directory, 'file')
  await writeFile(file, '{}')
  const state = ['--state', join(directory, 'state')]
  const absent = join(directory, 'absent')
  const image = `nix.internal${IMAGE}:nix`
  const pod = join(directory, 'pod.yaml')
  await writeFile(
    pod,
    `apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: ${image} }] }\n`,
  )
  const NOBODY = 'http://127.0.0.1:2'
  for (const [args, exitCode, message] of [
    [
      ['serve', '--listen', taken, ...state],
      1,
      `cannot listen on ${taken}: port ${server.port} is in use: choose another with --listen`,
    ],
    [
      ['serve', '--anonymous-pull', '--listen', '192.0.2.1:5000', ...state],
      1,
      'cannot listen on 192.0.2.1:5000: 192.0.2.1 is not an address of this machine: choose another with --listen, such as 0.0.0.0 for all',
    ],
    [
      ['serve', '--anonymous-pull', '--listen', 'nowhere.invalid:5000', ...state],
      1,
      /^cannot listen on nowhere\.invalid:5000: (?:no such host; check its spelling and DNS|DNS does not answer; .*)$/,
    ],
    [
      ['serve', '--listen', '0.0.0.0:0', ...state],
      2,
      '--listen (PUSHLESS_LISTEN): others than this machine reach 0.0.0.0:0, so say who may pull: --auth FILE, --tls-client-ca FILE, or --anonymous-pull for everybody',
    ],
    [
      ['serve', '--state', join(file, 'state')],
      1,
      /^state database .*: not below a directory; a part of this path is a file$/,
    ],
    [
      ['serve', '--token-file', absent, ...state],
      1,
      `token file ${absent}: cannot be read: no such file or directory; check its spelling`,
    ],
    [
      ['serve', '--token-file', directory, ...state],
      1,
      `token file ${directory}: cannot be read: is a directory; name a file`,
    ],
    [
      ['inspect', '--state', join(file, 'state'), image],
      1,
      /: not below a directory; a part of this path is a file$/,
    ],
    [['inspect', absent], 1, `not an image: ${absent}`],
    [
      ['export', image, '-o', join(absent, 'x')],
      2,
      `${join(absent, 'x')}: cannot be written: no such directory`,
    ],
    [['manifests', absent], 2, `${absent}: no such file or directory; check its spelling`],
    [['manifests', directory], 2, `${directory}: is a directory; name a file`],
    [['manifests', 'check', absent], 2, `${absent}: no such file or directory; check its spelling`],
    [
      ['manifests', 'check', '--schema', absent, pod],
      2,
      `${absent}: no such file or directory; check its spelling`,
    ],
    [
      ['manifests', 'check', '--registry', NOBODY, pod],
      2,
      `${NOBODY}: no registry answers: nothing listens there; start it, or name another address; --no-registry checks without one`,
    ],
    [
      ['manifests', 'rewrite', '--images', absent, pod],
      2,
      `${absent}: no such file or directory; check its spelling`,
    ],
    [
      ['manifests', 'rewrite', '--images', file, '--allow', '*', pod, '-o', join(file, 'x')],
      2,
      `${join(file, 'x')}: not below a directory; a part of this path is a file`,
    ],
    [
      ['warm', '--token-file', absent, image],
      1,
      `token file ${absent}: cannot be read: no such file or directory; check its spelling`,
    ],
    [['warm', join(directory, 'absent.yaml')], 2, /^not an image: .*absent\.yaml: no such file, and not /],
  ] as const) {
    await t.test(args.join(' ').replaceAll(directory, ''), async (t) => {
      const result = await run(args, { HOME: directory, PATH: process.env['PATH'] ?? '' })
      t.equal(result.exitCode, exitCode, result.stderr)
      const [first = '', ...more] = result.stderr.split('\n')
      t.match(first.replace(/^pushless: /, ''), message)
      t.ok(
        more.every((line) => line.startsWith('  ')),
        'one sentence',
      )
      t.notMatch(result.stderr, STACK)
      t.notMatch(result.stderr, /\bE[A-Z]{4,}\b/, 'no code of the system’s')
    })
  }
})

void t.test(
  'in a terminal the log is for people, and says what to try next',
  { skip: missing('script') },
  async (t) => {
    const state = await temporaryDirectory(t, 'state')
    for (const [args, what, expected] of [
      [[], 'lines', true],
      [['--log-format', 'json'], 'JSON', false],
    ] as const) {
      await t.test(what, async (t) => {
        const command = [...NODE, 'serve', '--listen', '127.0.0.1:0', '--state', state, ...args].join(' ')
        const terminal = execa(
          'script',
          ['--quiet', '--return', '--command', `exec ${command}`, '/dev/null'],
          {
            env: { NO_COLOR: '1' },
            reject: false,
            timeout: LIMIT_MS,
          },
        )
        let text = ''
        terminal.stdout.on('data', (chunk: Buffer) => (text += String(chunk).replaceAll('\r', '')))
        const shown = await until(() => (/Nix (?:answers|does not)/.test(text) ? text : undefined))
        const url = /http:\/\/127\.0\.0\.1:\d+/.exec(shown)?.[0]
        terminal.kill()
        await terminal
        t.equal(/^\[\d\d:\d\d:\d\d\] INFO: listening http:\/\/127\.0\.0\.1:\d+ /m.test(shown), expected)
        t.equal(shown.includes('pushless inspect ./result'), expected)
        t.equal(
          shown.includes(`server = "${url}"\n    [host."${url}"]\n      capabilities = ["pull", "resolve"]`),
          expected,
        )
        t.equal(
          shown.split('\n').every((line) => line === '' || line.startsWith('{')),
          !expected,
        )
      })
    }
  },
)
