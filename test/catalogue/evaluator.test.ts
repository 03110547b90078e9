/** The command that evaluates, as a program in place of Nix sees it. */
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeEvaluator } from '../../src/catalogue/evaluator.ts'
import { temporaryDirectory } from '../support/scope.ts'

void t.test('the process has no environment, and limits of its own', async (t) => {
  const directory = await temporaryDirectory(t, 'evaluator')
  const seen = join(directory, 'seen')
  await program(directory, `exec > '${seen}'; export -p; ulimit -v; ulimit -c; printf '%s\\n' "$@"`)
  await symlink(directory, `${directory}-link`).catch(() => undefined)
  t.teardown(async () => (await import('node:fs/promises')).rm(`${directory}-link`))
  const evaluator = makeEvaluator({
    library: `${directory}-link`,
    environment: {
      PATH: `relative:/nowhere:${directory}`,
      SECRET: 'x',
      NIX_REMOTE: 'daemon',
      LD_PRELOAD: 'x',
    },
    registry: 'registry.example',
    includes: { nixpkgs: directory },
    limits: { memoryMiB: 100 },
  })
  await evaluator.evaluate({
    file: 'a.nix',
    args: { request: 'x; reboot', ...evaluator.settings },
    readable: ['/some where'],
    subject: 'a',
  })
  const text = await readFile(seen, 'utf8')
  t.notMatch(text, /SECRET|LD_PRELOAD/)
  t.match(text, /NIX_REMOTE='daemon'/)
  t.match(text, /GC_MAXIMUM_HEAP_SIZE='104857600'/)
  const [, limit = '', core = '', args = ''] = /\n(\d+|unlimited)\n(\d+)\n(--eval\n[^]*)$/.exec(text) ?? []
  if (process.platform === 'linux') t.equal(limit, String(1124 * 1024))
  t.equal(core, '0')
  for (const [name, value] of [
    ['restrict-eval', 'true'],
    ['allow-import-from-derivation', 'false'],
    ['allowed-uris', ''],
    ['substituters', ''],
  ])
    t.match(args, `--option\n${name}\n${value}\n`)
  t.match(
    args,
    `-I\n${directory}/manifests\n-I\n${directory}/nix\n-I\n/some where\n-I\nnixpkgs=${directory}\n` +
      '--argstr\nrequest\nx; reboot\n--argstr\nregistry\nregistry.example\n--argstr\nmode\nout\n' +
      `${directory}/a.nix\n`,
  )
})

void t.test('no more processes at once than it may', async (t) => {
  const directory = await temporaryDirectory(t, 'evaluator')
  await mkdir(join(directory, 'running'))
  await program(
    directory,
    `d='${directory}'; /bin/mkdir "$d/running/$$"; /bin/ls "$d/running" | /usr/bin/wc -l; /bin/sleep 0.2; /bin/rmdir "$d/running/$$"`,
  )
  const evaluator = makeEvaluator({
    library: directory,
    environment: { PATH: directory },
    limits: { processes: 2 },
  })
  const evaluation = { file: 'a.nix', args: {}, readable: [], subject: 'a' }
  const counts = await Promise.all(Array.from({ length: 6 }, async () => evaluator.evaluate(evaluation)))
  t.equal(Math.max(...counts.map(Number)), 2)
})

void t.test('warnings of the library are handed on', async (t) => {
  const directory = await temporaryDirectory(t, 'evaluator')
  await program(
    directory,
    `echo 1; printf 'trace: x\\ntrace: warning: \\033[31mlist: odd\\nwarning: of Nix\\n' >&2`,
  )
  const warnings: string[] = []
  const evaluator = makeEvaluator({
    library: directory,
    environment: { PATH: directory },
    onWarning: (line) => warnings.push(line),
  })
  await evaluator.evaluate({ file: 'a.nix', args: {}, readable: [], subject: 'a' })
  t.strictSame(warnings, ['warning: list: odd'])
})

void t.test('without Nix it says so', async (t) => {
  const evaluator = makeEvaluator({ library: '/', environment: { PATH: '/nowhere' } })
  const evaluation = { file: 'a.nix', args: {}, readable: [], subject: 'a' }
  await t.rejects(evaluator.evaluate(evaluation), { name: 'NixMissing', message: /nix-instantiate/ })
})

async function program(directory: string, script: string): Promise<void> {
  const file = join(directory, 'nix-instantiate')
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
}
