/**
 * What a server has loaded and started when it listens: time would depend on the machine, and this is what it was saved
 * by. The sources are run, where each module has a name.
 */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { nixEnv } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { until } from './until.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Modules of rooms and libraries that a server with default settings needs for some requests at most. */
const LATER = [
  'src/cli/create-program.ts',
  'src/insight/insights.ts',
  'src/insight/sbom/cyclonedx.ts',
  'src/insight/vulnerability/',
  'src/http/pages/image/image-page.ts',
  'src/registry/artifact/make-artifact.ts',
  'src/source/detect.ts',
  'src/store/cache/cache-store.ts',
  'src/tracing/open-tracing.ts',
  'src/kubernetes/check/',
  'src/delivery/',
  'src/operator/',
  'src/zero-copy/open-zero-copy.ts',
  'src/layer/worker.ts',
  'node_modules/@hpcc-js/',
  'node_modules/@opentelemetry/sdk-trace/',
  'node_modules/aws4fetch/',
  'node_modules/bcryptjs/',
  'node_modules/execa/',
  'node_modules/jose/',
  'node_modules/pbf/',
  'node_modules/pino-pretty/',
  'node_modules/re2js/',
  'node_modules/spdx-expression-parse/',
  'node_modules/tar/',
  'node_modules/typebox/build/compile/',
  'node_modules/typebox/build/value/',
  'node_modules/unbzip2-stream/',
  'node_modules/xz-decompress/',
  'node_modules/yaml/',
  'node_modules/yauzl/',
]

/** Writes the address of each module that is loaded to a file. */
const RECORDER = `data:text/javascript,${encodeURIComponent(`
  import { appendFileSync } from 'node:fs'
  import { registerHooks } from 'node:module'
  registerHooks({
    load: (url, context, next) => {
      appendFileSync(process.env.MODULES, url + '\\n')
      return next(url, context)
    },
  })
`)}`

void t.test('a server that listens has no reader thread, and nothing that few requests need', async (t) => {
  const modules = join(await temporaryDirectory(t, 'modules'), 'list')
  const main = join(root, 'src/main.ts')
  const { pid, url } = await startPushless(t, {
    program: [process.execPath, '--disable-warning=ExperimentalWarning', '--import', RECORDER, main],
    env: { MODULES: modules },
  })
  const loaded = (await readFile(modules, 'utf8')).split('\n')
  t.ok(loaded.some((module) => module.endsWith('src/server.ts')))
  for (const name of LATER)
    t.strictSame(
      loaded.filter((module) => module.includes(`/${name}`)),
      [],
      name,
    )
  const threads = async () => {
    const tasks = await readdir(`/proc/${pid}/task`).catch(() => [])
    const names = await Promise.all(
      tasks.map(async (task) => readFile(`/proc/${pid}/task/${task}/comm`, 'utf8').catch(() => '')),
    )
    return names.filter((name) => name.startsWith('WorkerThread')).length
  }
  t.equal(await threads(), 0)
  if (process.platform !== 'linux') return
  await fetch(`${url}/v2/nix/store/${'0'.repeat(32)}-web/manifests/nix`)
  t.equal(await until(async () => (await threads()) || undefined), 1, 'a pull starts one')
})

void t.test(
  'a server that is told to stop while it starts, or as soon as it listens, ends with status 0',
  async (t) => {
    for (const awaited of ['bound to', 'listening']) {
      const state = await temporaryDirectory(t, 'state')
      const server = execa(
        process.execPath,
        [
          '--disable-warning=ExperimentalWarning',
          join(root, 'dist/main.js'),
          'serve',
          '--listen',
          '127.0.0.1:0',
          '--state',
          state,
        ],
        { env: { ...nixEnv, PUSHLESS_NIX: 'nix-daemon --stdio' }, reject: false, timeout: 60_000 },
      )
      for await (const line of server) if (line.includes(awaited)) server.kill('SIGTERM')
      const { exitCode, stdout } = await server
      t.equal(exitCode, 0, awaited)
      t.match(stdout, /"msg":"stopped"/)
    }
  },
)
