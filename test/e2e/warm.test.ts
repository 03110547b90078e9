/** Images made before they are pulled: by `pushless warm`, and by POST /warm. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { imageName, pullManifest } from './client.ts'
import { until } from './until.ts'
import { fixture, nixEnv, nixInstantiate } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing, searchPath } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const LIMIT_MS = 120_000
const TOKEN = 'f6a1c30b9d5e47a2'

/** A salt of a derivation that nobody built before. */
const salted = (what: string) => `warm-${what}-${process.pid}`

void t.test('warm', { skip: missing('nix') }, async (t) => {
  await t.test('a manifest: each image is built once, and is there for its pull', async (t) => {
    const server = await sharedPushless('--serve-packages')
    const [one, two] = [await slow(salted('one'), 1), await slow(salted('two'), 0)]
    const file = await manifest(t, [
      imageName(one),
      imageName(two),
      'docker.io/library/nginx:1.27',
      imageName(one),
    ])
    const { exitCode, lines } = await warm(server, [file])
    t.equal(exitCode, 0)
    t.match(lines.at(-1), { state: 'done', ready: 2, failed: 0, unfinished: 0, foreign: 1 })
    const built = () => server.logs.filter(({ kind }) => kind === 'building').length
    t.equal(built(), 2)
    for (const path of [one, two]) {
      const { digest } = await pullManifest(server.url, path)
      t.match(
        lines.filter(({ ref }) => ref === imageName(path)).map(({ state }) => state),
        /^queued,waiting,(?:building,)?ready$/,
      )
      t.match(
        lines.find(({ ref, state }) => ref === imageName(path) && state === 'ready'),
        { digest },
      )
    }
    t.equal(built(), 2, 'and the pulls built nothing')
    t.equal(
      (await warm(server, ['-'], { input: `image: ${imageName(one)}` })).exitCode,
      0,
      'from standard input',
    )
    t.equal((await warm(server, [join(file, '..')])).exitCode, 0, 'from a directory')
    t.equal((await warm(server, [one, `nix.internal${one}`])).exitCode, 0, 'by store path')
    t.equal(built(), 2)
  })

  await t.test('a failing build: status 1, and why', async (t) => {
    const server = await sharedPushless('--serve-packages')
    const fails = await nixInstantiate(fixture('shapes.nix'), [
      '-A',
      'fails',
      '--argstr',
      'salt',
      salted('fails'),
    ])
    const { exitCode, lines } = await warm(server, [await manifest(t, [imageName(fails)])])
    t.equal(exitCode, 1)
    const log = ['failing line 1', 'failing line 2', 'failing line 3']
    t.match(
      lines.find(({ state }) => state === 'failed'),
      {
        ref: imageName(fails),
        errors: [{ code: 'UNKNOWN', message: /nix build failed/, detail: { log } }],
        places: [{ document: 1, object: 'Pod/warm-0', path: 'spec.containers[0].image' }],
      },
    )
    t.match(lines.at(-1), { ready: 0, failed: 1 })
  })

  await t.test('asks again as it is told, with --hold 1, in either way of waiting', async (t) => {
    for (const mode of ['retry', 'redirect']) {
      const server = await startPushless(t, {
        args: ['--serve-packages', '--hold', '1', '--wait', mode, '--log-level', 'debug'],
      })
      const path = await slow(salted(mode), 3)
      t.equal((await warm(server, [path])).exitCode, 0)
      const asked = server.logs.filter(
        ({ url }) => typeof url === 'string' && url.startsWith('/v2/nix/store/'),
      )
      t.ok(asked.length <= 5, `${asked.length} requests, ${mode}`)
      t.equal(server.logs.filter(({ kind }) => kind === 'building').length, 1)
    }
  })

  await t.test('wrong usage: status 2, and nothing is begun', async (t) => {
    const directory = await temporaryDirectory(t, 'usage')
    const broken = join(directory, 'broken.yaml')
    await writeFile(broken, 'kind: Pod\nspec:\n\tcontainers: []\n')
    const foreign = await manifest(t, ['nginx'])
    const server = { url: 'http://127.0.0.1:9' }
    for (const [args, says] of [
      [[broken], /broken\.yaml:3:1: .*[Tt]abs/],
      [[foreign], /names no image/],
      [['nginx'], /not an image/],
      [['--registry', 'ftp://example.org', foreign], /--registry/],
      [['--timeout', 'long', foreign], /--timeout/],
    ] as const) {
      const { exitCode, stderr, lines } = await warm(server, args)
      t.equal(exitCode, 2, args.join(' '))
      t.match(stderr, says)
      t.strictSame(lines, [])
    }
    t.match(await warm(server, [foreign, '--allow-empty']), {
      exitCode: 0,
      lines: [{ state: 'done', foreign: 1 }],
    })
  })

  await t.test('--timeout ends the waiting, and not the work', async (t) => {
    const server = await sharedPushless('--serve-packages')
    const path = await slow(salted('timeout'), 4)
    const { exitCode, lines } = await warm(server, ['--timeout', '2', path])
    t.equal(exitCode, 1)
    t.match(lines.at(-2), { state: 'failed', errors: [{ code: 'TIMEOUT' }] })
    t.match(lines.at(-1), { failed: 1 })
    await until(() => server.logs.find(({ msg }) => msg === 'image ready'))
  })

  await t.test('on a terminal', { skip: missingScript() }, async (t) => {
    const server = await sharedPushless('--serve-packages')
    const path = await slow(salted('terminal'), 1)
    const shown = await onTerminal(server, path)
    t.equal(shown.exitCode, 0)
    t.match(shown.stdout, /waiting +0 s {2}[0-9a-z]{7}-slow\.drv/)
    // oxlint-disable-next-line eslint/no-control-regex -- what a terminal is sent is what is meant
    t.match(shown.stdout, /\x1b\[2A\x1b\[32mready {3}\x1b\[39m +[0-9]+ s {2}[0-9a-z]{7}-slow\.drv/)
    t.match(shown.stdout, /1 ready; [0-9.]+ s/)
    t.ok(shown.stdout.trimEnd().endsWith('\x1b[?25h'), 'and the cursor is there again')
  })

  await t.test(
    'Ctrl-C: status 130, the cursor is back, the work goes on',
    { skip: missingScript() },
    async (t) => {
      const server = await sharedPushless('--serve-packages')
      const path = await slow(salted('interrupt'), 4)
      const running = onTerminal(server, path, { input: true })
      await until(() => server.logs.find(({ kind }) => kind === 'building'))
      running.stdin?.write('\x03')
      const shown = await running
      t.equal(shown.exitCode, 130)
      t.match(shown.stdout, '1 left to the registry')
      t.match(shown.stdout, '\x1b[?25h')
      await until(() => server.logs.find(({ msg }) => msg === 'image ready'))
    },
  )

  await t.test('POST /warm', async (t) => {
    const tokenFile = join(await temporaryDirectory(t, 'token'), 'token')
    await writeFile(tokenFile, TOKEN)
    const server = await startPushless(t, {
      args: ['--serve-packages', '--hold', '1', '--token-file', tokenFile],
    })
    const path = await slow(salted('post'), 2)
    const body = podYaml(imageName(path), 0)
    const post = async (query: string, authorization: string) =>
      fetch(`${server.url}/warm${query}`, {
        method: 'POST',
        body,
        headers: { authorization, 'content-type': 'application/yaml' },
      })
    t.equal((await post('', 'Bearer other')).status, 401)
    const begun = await post('?wait=false', `Bearer ${TOKEN}`)
    t.equal(begun.status, 202)
    t.match(await begun.json(), { images: [{ ref: imageName(path), state: 'waiting' }], foreign: 0 })
    const basic = `Basic ${Buffer.from(`ci:${TOKEN}`).toString('base64')}`
    const lines = linesOf(await (await post('', basic)).text())
    t.match(lines.at(-1), { state: 'done', ready: 1, failed: 0 })
    const { digest } = await pullManifest(server.url, path)
    t.match(lines.at(-2), { ref: imageName(path), state: 'ready', digest })
    t.equal(server.logs.filter(({ kind }) => kind === 'building').length, 1)
    const open = await sharedPushless()
    const refused = await fetch(`${open.url}/warm`, { method: 'POST', body })
    t.equal(refused.status, 401, 'without a token nobody may')
  })
})

type Line = Readonly<Record<string, unknown>>

async function warm(
  { url }: Pick<Pushless, 'url'>,
  args: readonly string[],
  { input = '' } = {},
): Promise<{
  readonly exitCode: number | undefined
  readonly lines: readonly Line[]
  readonly stderr: string
}> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MAIN, 'warm', ...args], {
    env: { ...nixEnv, PUSHLESS_REGISTRY: url, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
    input,
    reject: false,
    timeout: LIMIT_MS,
  })
  return { exitCode, lines: linesOf(stdout), stderr }
}

/** util-linux's `script` gives a command a terminal of its own, and passes on its exit status. */
function onTerminal({ url }: Pick<Pushless, 'url'>, path: string, { input = false } = {}) {
  const command = `stty cols 90 rows 20; exec ${process.execPath} ${MAIN} warm ${path}`
  return execa('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { PATH: searchPath(), TERM: 'xterm', NO_COLOR: '', PUSHLESS_REGISTRY: url },
    stdin: input ? 'pipe' : 'ignore',
    reject: false,
    timeout: LIMIT_MS,
  })
}

function missingScript(): string | false {
  return process.platform === 'linux' ? missing('script') : 'needs util-linux'
}

function linesOf(text: string): readonly Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

/** The derivation: its image isn't there yet. */
async function slow(salt: string, seconds: number): Promise<string> {
  const args = ['-A', 'slow', '--argstr', 'salt', salt, '--arg', 'seconds', String(seconds)]
  return nixInstantiate(fixture('shapes.nix'), args)
}

/** A file of Pods, one for each image, alone in its directory. */
async function manifest(scope: Scope, images: readonly string[]): Promise<string> {
  const file = join(await temporaryDirectory(scope, 'manifest'), 'pods.yaml')
  await writeFile(file, images.map(podYaml).join('---\n'))
  return file
}

function podYaml(image: string, i: number): string {
  return `kind: Pod\napiVersion: v1\nmetadata:\n  name: warm-${i}\nspec:\n  containers:\n    - name: main\n      image: ${image}\n`
}
