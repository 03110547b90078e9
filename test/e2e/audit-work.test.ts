/** The audit log's lines of what goes on behind requests: builds and fetches name the request that began them, and the server says what it removes. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { fixture, nixInstantiate, nixStore, only } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { signedCache } from '../support/signed-cache.ts'

type Line = Readonly<Record<string, unknown>>

const skip = missing('nix')
const TOKEN = 'a-token-that-counts-here'
/** Two of them are more than the store may have. */
const PACKAGE_BYTES = 700_000

async function linesIn(file: string): Promise<readonly Line[]> {
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Line => JSON.parse(line))
}

async function slow(salt: string): Promise<string> {
  const salted = ['--argstr', 'salt', `${salt}-${process.pid}`, '--arg', 'seconds', '1']
  return nixInstantiate(fixture('shapes.nix'), ['-A', 'slow', ...salted])
}

void t.test('a build names the request that began it', { skip }, async (t) => {
  const directory = await temporaryDirectory(t, 'audit')
  const [file, tokenFile] = [join(directory, 'audit.jsonl'), join(directory, 'token')]
  await writeFile(tokenFile, TOKEN, { mode: 0o600 })
  const args = ['--serve-packages', '--allow-builds', '--audit', file, '--token-file', tokenFile]
  const server = await startPushless(t, { args: [...args, '--trusted-proxies', '127.0.0.1'] })
  const headersOf = (id: string, address: string) => ({
    authorization: `Bearer ${TOKEN}`,
    'x-request-id': id,
    'x-forwarded-for': address,
  })
  const pull = async (path: string, id: string, address: string) =>
    (await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`, { headers: headersOf(id, address) }))
      .status

  const shared = await slow('shared')
  const first = pull(shared, 'first', '10.0.0.1')
  await until(async () => (server.logs.some(({ kind }) => kind === 'started') ? true : undefined))
  t.strictSame(await Promise.all([first, pull(shared, 'second', '10.0.0.2')]), [200, 200])
  const warmed = await slow('warmed')
  const body = JSON.stringify({ refs: [`nix.internal${warmed}`] })
  const warm = await fetch(`${server.url}/warm`, {
    method: 'POST',
    body,
    headers: headersOf('warming', '10.0.0.3'),
  })
  t.match(await warm.text(), /"ready":1/)

  const builds = (await linesIn(file)).filter(({ what }) => what === 'build')
  t.match(builds, [
    { target: `${shared}!out`, address: '10.0.0.1', requestId: 'first', outcome: 'done' },
    { target: `${warmed}!out`, address: '10.0.0.3', requestId: 'warming', outcome: 'done' },
  ])
  t.equal(builds.length, 2)
  t.notOk((await readFile(file, 'utf8')).includes(TOKEN), 'no secret is in the file')
})

void t.test(
  'a path that leaves a full store has a line, and the server is its subject',
  { skip },
  async (t) => {
    const directory = await temporaryDirectory(t, 'audit-room')
    const packages = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const at = join(directory, `${name}-${process.pid}`)
        await mkdir(at)
        await writeFile(join(at, 'file'), name.padEnd(PACKAGE_BYTES))
        return only(await nixStore('--add', at))
      }),
    )
    const [one = '', two = ''] = packages
    const { directory: cache, key } = await signedCache(
      join(directory, 'cache'),
      packages,
      'compression=zstd',
    )
    const file = join(directory, 'audit.jsonl')
    const state = await temporaryDirectory(t, 'audit-state')
    const pull = async (path: string, id: string) => {
      const store = ['--store', 'cache', '--caches', `file://${cache}`, '--trusted-keys', key]
      // What was pulled stays for a while in one process: so each pull has its own.
      const server = await startPushless(t, {
        state,
        args: ['--serve-packages', ...store, '--store-size', '1', '--audit', file],
      })
      const headers = { 'x-request-id': id }
      t.equal((await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`, { headers })).status, 200)
      await server.stop()
    }
    await pull(one, 'first')
    await pull(two, 'second')
    const sender = { subject: 'anonymous', address: '127.0.0.1' }
    t.match(await linesIn(file), [
      { what: 'fetch', outcome: 'done', ...sender, requestId: 'first', target: one },
      {
        what: 'deletion',
        outcome: 'done',
        subject: 'server',
        requestId: 'second',
        target: one,
        reason: 'least recently used, and others need the room (--store-size)',
      },
      { what: 'fetch', outcome: 'done', ...sender, requestId: 'second', target: two },
    ])
  },
)
