/** What survives a restart, what is lost with the state directory (time), and what a broken one says. */
import { mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { execa } from 'execa'
import { pullManifest, refusal, repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { busybox, shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

void t.test(
  'digests come back after a restart, and after the state is deleted',
  { skip: missing('nix') },
  async (t) => {
    const path = await shape('many')
    const state = await temporaryDirectory(t, 'state')
    const rounds: { readonly digest: string; readonly text: string; readonly steps: readonly string[] }[] = []
    for (const round of ['first', 'restarted', 'state deleted']) {
      if (round === 'state deleted') await rm(state, { recursive: true })
      const server = await startPushless(t, { args: ['--serve-packages'], state })
      const { digest, text } = await pullManifest(server.url, path)
      t.equal(
        (await fetch(`${repositoryUrl(server.url, path)}/manifests/${digest}`)).status,
        200,
        `${round}: by digest`,
      )
      const ready = await until(() => server.logs.find(({ msg }) => msg === 'image ready'))
      rounds.push({ digest, text, steps: Object.keys(ready['ms'] as object).sort() })
      await server.stop()
    }
    const [first, restarted, deleted] = rounds
    t.equal(restarted?.text, first?.text)
    t.equal(deleted?.text, first?.text)
    t.strictSame(restarted?.steps, ['realise'], 'a restart neither reads nor hashes an image again')
    t.strictSame(deleted?.steps, first?.steps)
    t.ok(first?.steps.includes('digest'))
  },
)

void t.test('a digest is asked for first after a restart', { skip: missing('nix') }, async (t) => {
  const path = await shape('diamond')
  const first = await startPushless(t, { args: ['--serve-packages'] })
  const { digest, manifest } = await pullManifest(first.url, path)
  await first.stop()
  for (const question of [
    `manifests/${digest}`,
    `blobs/${manifest.layers[0]?.digest}`,
    `blobs/${manifest.config.digest}`,
  ]) {
    // A state directory of its own each: a replica that has never seen the image.
    const server = await startPushless(t, { args: ['--serve-packages'] })
    t.equal(
      (await fetch(`${repositoryUrl(server.url, path)}/${question}`)).status,
      200,
      question.replace(/:.*/, ''),
    )
    await server.stop()
  }
})

void t.test(
  'a state directory that can\u2019t be used ends the start with one clear line',
  { skip: missing('nix') },
  async (t) => {
    const rows: [name: string, make: (file: string) => Promise<unknown>, says: RegExp][] = [
      [
        'not a database',
        (file) => writeFile(file, 'x'.repeat(10_000)),
        /index\.sqlite: file is not a database; stop pushless and delete the file/,
      ],
      ['damaged', damage, /index\.sqlite: .*(malformed|damaged).*; stop pushless and delete the file/],
      ['locked', lock, /index\.sqlite: database is locked; another process holds it/],
      ['a directory in its place', (file) => mkdir(file), /index\.sqlite: unable to open database file/],
    ]
    for (const [name, make, says] of rows) {
      const state = await temporaryDirectory(t, 'state')
      await make(join(state, 'index.sqlite'))
      const { exitCode, stderr } = await serve(state)
      t.equal(exitCode, 1, name)
      t.match(stderr, says, name)
      t.equal(stderr.trim().split('\n').length, 1, `${name}: one line`)
    }

    async function lock(file: string): Promise<void> {
      const database = new DatabaseSync(file)
      t.teardown(() => database.close())
      database.exec('CREATE TABLE t (x); BEGIN EXCLUSIVE')
    }
  },
)

void t.test('a row that was altered is an error, not an answer', { skip: missing('nix') }, async (t) => {
  const path = await busybox()
  const first = await startPushless(t, { args: ['--serve-packages'] })
  await pullManifest(first.url, path)
  await first.stop()
  const database = new DatabaseSync(join(first.state, 'index.sqlite'))
  database.exec(`UPDATE layers SET digest = 'sha256:' || lower(hex(randomblob(32)))`)
  database.exec(`DELETE FROM notes`)
  database.close()
  const server = await startPushless(t, { args: ['--serve-packages'], state: first.state })
  t.match(await refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`)), { status: 503 })
  const line = await until(() => server.logs.find(({ kind }) => kind === 'unavailable'))
  t.match(line['reason'], /a row is damaged; stop pushless and delete the file/)
})

async function serve(
  state: string,
): Promise<{ readonly exitCode: number | undefined; readonly stderr: string }> {
  const { exitCode, stderr } = await execa(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      'dist/main.js',
      'serve',
      '--listen',
      '127.0.0.1:0',
      '--state',
      state,
    ],
    { reject: false, timeout: 20_000, stdin: 'ignore' },
  )
  return { exitCode, stderr }
}

/** A database whose pages hold something else than they should. */
async function damage(file: string): Promise<void> {
  const database = new DatabaseSync(file)
  database.exec('CREATE TABLE t (x TEXT)')
  for (let i = 0; i < 200; i++) database.exec(`INSERT INTO t VALUES ('${String(i).repeat(200)}')`)
  database.close()
  const { size } = await stat(file)
  const handle = await open(file, 'r+')
  await handle.write(Buffer.alloc(size - 4096, 0x5a), 0, size - 4096, 4096)
  await handle.close()
  if ((await readFile(file)).length !== size) throw new Error('the file should keep its size')
}
