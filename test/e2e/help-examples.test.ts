/**
 * The examples at the end of each command's help, run as they stand there: in a directory that has the files they name,
 * and in a network of its own, where port 5000 is free.
 */
import { chmod, cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import t from 'tap'
import { execa } from 'execa'
import { createProgram } from '../../src/cli/create-program.ts'
import { exampleImage } from './example.ts'
import { imageName } from './client.ts'
import { busybox, nixEnv } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
/** Of some fifty commands one after the other, beside other tests. */
const TIME_LIMIT_MS = 400_000
const COMMANDS = [
  'serve',
  'inspect',
  'sbom',
  'provenance',
  'sign',
  'key',
  'graph',
  'why',
  'top',
  'diff',
  'licences',
  'advisories update',
  'scan',
  'export',
  'warm',
  'tls self-signed',
  'auth password',
  'auth token',
  'policy check',
  'install registry',
  'install operator',
  'install operator-access',
  'manifests apps',
  'manifests check',
  'manifests rewrite',
  'catalogue list',
  'catalogue show',
  'catalogue build',
  'catalogue render',
] as const

void t.test('examples', { skip: missing('nix', 'root', 'network namespaces') }, async (t) => {
  const directory = await temporaryDirectory(t, 'examples')
  const image = await exampleImage()
  await mkdir(join(directory, 'bin'))
  await mkdir(join(directory, 'deploy'))
  await mkdir(join(directory, 'feeds'))
  const files: Readonly<Record<string, string>> = {
    'bin/pushless': `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${MAIN}' "$@"\n`,
    token: 'a-token-of-the-examples',
    'auth.yaml': 'rules:\n  - subjects: [user:ci, service-account:team-a/*]\n    allow: [pull]\n',
    'app.yaml': `name: hello\npackage: ${await busybox()}\ncommand: [sleep, "1"]\n`,
    'deploy/pod.yaml': pod(imageName(image)),
    'feeds/nvd.json': JSON.stringify({ format: 'NVD_CVE', vulnerabilities: [] }),
    'chart.yaml': pod('docker.io/library/redis:8'),
    'images.json': JSON.stringify({ 'docker.io/library/redis:8': imageName(image) }),
  }
  for (const [name, text] of Object.entries(files))
    await writeFile(join(directory, name), text, { mode: 0o600 })
  await cp(
    fileURLToPath(new URL('../../examples/catalogue', import.meta.url)),
    join(directory, 'catalogue'),
    {
      recursive: true,
    },
  )
  await cp(join(directory, 'catalogue/values.yaml'), join(directory, 'values.yaml'))
  await chmod(join(directory, 'bin/pushless'), 0o755)
  await symlink(image, join(directory, 'result'))
  const env = {
    ...nixEnv,
    PATH: `${directory}/bin:${nixEnv.PATH}`,
    PUSHLESS_STATE: join(directory, 'state'),
    PASSWORD: 'secret',
  }
  const options = { cwd: directory, env, reject: false, timeout: TIME_LIMIT_MS } as const

  const run = (script: string) => execa('unshare', ['--net', 'sh', '-euc', script], options)
  const besides: string[] = []
  for (const name of COMMANDS) {
    const lines = (helpOf(name).split('\nExamples:\n')[1] ?? '').trimEnd().split('\n')
    t.equal(lines.length, 2, `${name}: two examples, and nothing behind them`)
    const examples = lines.map((line) => line.replace(/^ {2}\$ /, ''))
    if (name !== 'serve') besides.push(...examples)
    else for (const command of examples) t.match(await run(serving(command, '')), { exitCode: 0 }, command)
  }
  // Beside a registry, which the commands may ask.
  const tried = besides.map((command, i) => `if (\n${command}\n) 2>&1; then echo "right ${i}"; fi`)
  const { stdout, exitCode } = await run(serving('pushless serve', tried.join('\n')))
  t.equal(exitCode, 0, stdout)
  for (const [i, command] of besides.entries()) t.match(stdout, new RegExp(`^right ${i}$`, 'm'), command)
})

/** As `--help` prints it, without a process for each. */
function helpOf(name: string): string {
  const facts = { environment: {}, isRoot: true, version: '1', library: '.', exit: () => undefined }
  let command: Command | undefined = createProgram(facts)
  for (const word of name.split(' ')) command = command?.commands.find((one) => one.name() === word)
  let text = ''
  command?.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
  return text
}

function pod(image: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: ${image}}]}\n`
}

/** Starts a server, does something once it answers, and ends it by SIGTERM, which must end it well. */
function serving(command: string, then: string): string {
  return `ip link set lo up
${command} >&2 & server=$!
until curl -fs -o /dev/null http://127.0.0.1:5000/healthz; do kill -0 $server; sleep 0.1; done
${then}
kill $server; wait $server`
}
