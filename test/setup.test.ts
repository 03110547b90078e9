/**
 * scripts/setup.sh in scratch checkouts: killed in the midst of an install, run twice at once, and with what it made
 * broken. npm is a fake that takes its time between a package's package.json, by which npm knows it, and its code.
 */
import { chmod, cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { until } from './e2e/until.ts'
import { searchPath } from './support/requirement.ts'
import { temporaryDirectory } from './support/scope.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const LIMIT_MS = 30_000

const NPM = `#!/bin/sh -eu
echo run >>"$LOG"
mkdir -p node_modules/.bin node_modules/a
ln -sf ${process.execPath} node_modules/.bin/node
ln -sf ${root}node_modules/.bin/esbuild node_modules/.bin/esbuild
echo '{"version":"1"}' >node_modules/a/package.json
sleep "\${NPM_SLEEP:-0}"
[ -z "\${NPM_FAILS:-}" ]
echo code >node_modules/a/index.js
`

type Checkout = {
  readonly directory: string
  /** Runs setup.sh in a process group of its own. */
  readonly start: (part: string, env?: Readonly<Record<string, string>>) => ReturnType<typeof startSetup>
  /** How often npm ran. */
  readonly installs: () => Promise<number>
}

async function checkout(t: Test): Promise<Checkout> {
  const directory = await temporaryDirectory(t, 'setup')
  for (const path of ['scripts/setup.sh', 'scripts/bundle.sh', 'package.json', 'package-lock.json', '.npmrc'])
    await cp(join(root, path), join(directory, path))
  for (const path of ['layer', 'source', 'http/check', 'access/credentials'])
    await mkdir(join(directory, 'src', path), { recursive: true })
  for (const path of ['manifests', 'bin']) await mkdir(join(directory, path))
  await writeFile(join(directory, 'src/main.ts'), "console.log('one' as string)")
  for (const path of [
    'src/layer/worker.ts',
    'src/source/reader-module.ts',
    'src/http/check/reading-worker.ts',
    'src/access/credentials/password-worker.ts',
  ])
    await writeFile(join(directory, path), '')
  await command(directory, 'npm', NPM)
  const log = join(directory, 'npm.log')
  return {
    directory,
    start: (part, env = {}) =>
      startSetup(directory, part, { LOG: log, PATH: `${join(directory, 'bin')}:${searchPath()}`, ...env }),
    installs: async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').length - 1,
  }
}

function startSetup(cwd: string, part: string, env: Readonly<Record<string, string>>) {
  return execa('sh', ['scripts/setup.sh', part], {
    cwd,
    env,
    detached: true,
    reject: false,
    stdin: 'ignore',
    timeout: LIMIT_MS,
  })
}

async function command(directory: string, name: string, script: string): Promise<void> {
  await writeFile(join(directory, 'bin', name), script)
  await chmod(join(directory, 'bin', name), 0o755)
}

async function isWhole(t: Test, directory: string): Promise<void> {
  t.equal(await readFile(join(directory, 'node_modules/a/index.js'), 'utf8').catch(String), 'code\n')
}

void t.test(
  'killed in the midst of an install, whole or npm left behind, the next run makes all',
  async (t) => {
    for (const victim of ['all of it', 'the shell alone']) {
      const { directory, start, installs } = await checkout(t)
      const first = start('modules', { NPM_SLEEP: '2' })
      await until(async () => (await installs()) === 1 || undefined)
      await delay(200)
      process.kill(victim === 'all of it' ? -(first.pid ?? 0) : (first.pid ?? 0), 'SIGKILL')
      await (victim === 'all of it' ? first : delay(100))
      t.match(await start('modules'), { exitCode: 0 }, victim)
      await isWhole(t, directory)
      t.equal(await installs(), 2)
      t.match(await start('modules'), { exitCode: 0, stderr: '' })
      t.equal(await installs(), 2, 'and nothing is left to do')
    }
  },
)

void t.test('two runs at once install once', async (t) => {
  const { directory, start, installs } = await checkout(t)
  const runs = await Promise.all([start('build', { NPM_SLEEP: '1' }), start('build', { NPM_SLEEP: '1' })])
  t.match(runs, [{ exitCode: 0 }, { exitCode: 0 }])
  t.match(runs.map(({ stderr }) => stderr).join('\n'), /waiting for another run to end/)
  t.equal(await installs(), 1)
  await isWhole(t, directory)
})

void t.test('broken files are made again', async (t) => {
  const { directory, start, installs } = await checkout(t)
  t.match(await start('build'), { exitCode: 0 })
  const at = (path: string) => join(directory, path)
  let count = 1
  for (const [what, breakIt] of Object.entries({
    'a file that is gone': () => rm(at('node_modules/a/index.js')),
    'a file that is cut off': () => truncate(at('node_modules/a/index.js'), 1),
    'no mark': () => rm(at('node_modules/.installed')),
    'no modules': () => rm(at('node_modules'), { recursive: true }),
    'another lock': () => writeFile(at('package-lock.json'), '{}'),
    'no Node': () => rm(at('node_modules/.bin/node')),
  })) {
    await breakIt()
    t.match(await start('modules'), { exitCode: 0 }, what)
    await isWhole(t, directory)
    t.equal(await installs(), ++count, what)
  }
  await rm(at('node_modules/.installed'))
  t.match(await start('modules', { NPM_FAILS: 'yes' }), { exitCode: 1 }, 'an install that fails')
  await isWhole(t, directory)
  t.match(await start('build'), { exitCode: 0 })

  const run = async () => (await execa(process.execPath, [at('dist/main.js')], { reject: false })).stdout
  t.equal(await run(), 'one')
  for (const [what, breakIt] of Object.entries({
    'dist cut off': () => truncate(at('dist/main.js'), 0),
    'dist of which a part is gone': () => rm(at('dist/worker.js')),
    'no dist': () => rm(at('dist'), { recursive: true }),
    'no mark of dist': () => rm(at('.setup/built')),
  })) {
    await breakIt()
    t.match(await start('build'), { exitCode: 0 }, what)
    t.equal(await run(), 'one', what)
    t.equal(await readFile(at('dist/worker.js'), 'utf8').then(() => true), true)
  }
  await delay(20)
  await writeFile(at('src/main.ts'), "console.log('two' as string")
  t.match(await start('build'), { exitCode: 1 }, 'a source that is wrong')
  t.equal(await run(), 'one', 'leaves what there was')
  await writeFile(at('src/main.ts'), "console.log('two' as string)")
  t.match(await start('build'), { exitCode: 0 })
  t.equal(await run(), 'two')
})

void t.test('a Debian installation that was killed is finished first', async (t) => {
  const { directory, start } = await checkout(t)
  const calls = join(directory, 'calls')
  await command(directory, 'id', '#!/bin/sh\necho 0\n')
  // What dpkg says of a package that it was killed over: until it is set up.
  await command(
    directory,
    'dpkg-query',
    `#!/bin/sh
[ -e "$STATE" ] && exit
case "$*" in *Eflag*) echo 'reinstreq half' ;; *) printf 'installed\\nhalf-installed\\n' ;; esac
`,
  )
  await command(directory, 'apt-get', '#!/bin/sh\necho "apt-get $*" >>"$CALLS"\n')
  await command(
    directory,
    'dpkg',
    '#!/bin/sh\necho "dpkg $*" >>"$CALLS"\n[ "$(grep -c dpkg "$CALLS")" -lt 2 ] || touch "$STATE"\n',
  )
  for (const name of ['nix', 'busybox', 'containerd', 'runc']) await command(directory, name, '#!/bin/sh\n')
  const env = { CALLS: calls, STATE: join(directory, 'state') }
  t.match(await start('demo', env), { exitCode: 0, stderr: /finishing an installation of Debian packages/ })
  const options = '-y -qq --no-install-recommends -o DPkg::Lock::Timeout=300'
  const expected = [
    'dpkg --configure -a',
    'apt-get update -qq',
    `apt-get install ${options} --reinstall half`,
    `apt-get install ${options} --fix-broken`,
    'dpkg --configure -a',
  ]
  t.same((await readFile(calls, 'utf8')).trim().split('\n'), expected)
  t.match(await start('demo', env), { exitCode: 0 })
  t.same((await readFile(calls, 'utf8')).trim().split('\n'), expected, 'once')
})
