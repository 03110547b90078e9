/** HTTP/2 over TLS: many requests of one connection, the limits and errors that HTTP/1.1 has, and the end of it. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect, constants, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { repositoryUrl, sha256, type Manifest } from './client.ts'
import { until } from './until.ts'
import { testAuthority, writePair } from '../support/certificates.ts'
import { fixture, nixInstantiate, shape } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const SKIP = { skip: missing('nix') }
const LIMIT_MS = 60_000
const authority = testAuthority()

async function serve(t: Test, args: readonly string[] = []) {
  const directory = await temporaryDirectory(t, 'http2')
  const { certFile, keyFile } = await writePair(directory, authority.server())
  const ca = join(directory, 'ca.crt')
  await writeFile(ca, authority.ca)
  const server = await startPushless(t, {
    args: ['--serve-packages', '--tls-cert', certFile, '--tls-key', keyFile, ...args.map((arg) => arg || ca)],
  })
  return { server, ca }
}

function open(t: Test, { url }: Pushless, options: object = {}): ClientHttp2Session {
  const session = connect(url, { ca: authority.ca, ...options })
  session.on('error', () => undefined)
  t.teardown(() => session.destroy())
  return session
}

type Answer = { readonly status: number; readonly headers: Record<string, unknown>; readonly body: Buffer }

async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string,
): Promise<Answer> {
  const stream = session.request(headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  const [answer] = await once(stream, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return { status: Number(answer[':status']), headers: answer, body: Buffer.concat(chunks) }
}

void t.test('a pull over one connection, as over HTTP/1.1', SKIP, async (t) => {
  const { server, ca } = await serve(t)
  const path = await shape('chain')
  const session = open(t, server)
  const target = new URL(repositoryUrl(server.url, path)).pathname
  const manifest = await ask(session, { ':path': `${target}/manifests/nix` })
  t.equal(manifest.status, 200)
  t.equal(manifest.headers['docker-content-digest'], sha256(manifest.body))
  const { layers } = JSON.parse(manifest.body.toString()) as Manifest
  const blobs = await Promise.all(
    layers.map(({ digest }) => ask(session, { ':path': `${target}/blobs/${digest}` })),
  )
  t.same(
    blobs.map(({ body }) => sha256(body)),
    layers.map(({ digest }) => digest),
    'all at once',
  )
  const metrics = (await ask(session, { ':path': '/metrics' })).body.toString()
  const counted = /^pushless_sent_bytes_total\{route="blobs"\} (\d+)$/m.exec(metrics)?.[1]
  t.equal(
    Number(counted),
    layers.reduce((sum, { size }) => sum + size, 0),
    'the bytes of each are counted once',
  )
  const [first] = layers
  const part = await ask(session, { ':path': `${target}/blobs/${first?.digest}`, range: 'bytes=1-4' })
  t.match(part, { status: 206, body: blobs[0]?.body.subarray(1, 5) })
  const packed = await ask(session, {
    ':path': `${target}/blobs/${first?.digest}`,
    'accept-encoding': 'zstd',
  })
  t.equal(packed.status, 200)
  t.equal((await ask(session, { ':path': `${target}/manifests/nix`, ':method': 'HEAD' })).body.length, 0)
  t.equal((await ask(session, { ':path': '/healthz' })).body.toString(), 'ok\n')
  const { stdout } = await execa('curl', [
    '-sS',
    '--cacert',
    ca,
    '-w',
    '%{http_version}',
    `${server.url}/healthz`,
  ])
  t.equal(stdout, 'ok\n2', 'curl chooses it')
  t.notMatch(server.lines.join('\n'), /warning/i)
})

void t.test('a request that waits for a build keeps no other waiting', SKIP, async (t) => {
  const { server } = await serve(t, ['--hold', '4'])
  const args = ['-A', 'slow', '--arg', 'seconds', '3', '--argstr', 'salt', `http2-${process.pid}`]
  const slow = await nixInstantiate(fixture('shapes.nix'), args)
  const session = open(t, server)
  let isBuilt = false
  const built = ask(session, {
    ':path': `${new URL(repositoryUrl(server.url, slow)).pathname}/manifests/nix`,
  })
  void built.then(() => (isBuilt = true))
  await setTimeout(300)
  t.equal((await ask(session, { ':path': '/v2/' })).status, 200)
  t.notOk(isBuilt, 'meanwhile')
  t.equal((await built).status, 200)
})

void t.test('names, credentials and certificates', SKIP, async (t) => {
  const { server } = await serve(t, ['--tls-client-ca', '', '--tls-client-auth', 'required'])
  const session = open(t, server)
  t.equal((await ask(session, { ':path': '/v2/' })).status, 403, 'a certificate is needed')
  const { certificate, key } = authority.client('node-1')
  const known = open(t, server, { cert: certificate, key })
  t.equal((await ask(known, { ':path': '/v2/' })).status, 200)
  t.equal((await ask(known, { ':path': '/v2/', ':authority': 'another.example' })).status, 421)
  const twice = { ':path': '/v2/', ':authority': 'localhost', host: 'another.example' }
  t.equal((await ask(known, twice)).status, 400, 'two hosts')
  const refused = await ask(known, { ':path': '/warm', ':method': 'POST' }, '{}')
  t.equal(refused.status, 401)
  const logged = async () => server.logs.find(({ url, status }) => url === '/warm' && status === 401)
  t.match(await until(logged, LIMIT_MS), { client: 'CN=node-1' })
})

void t.test('it stops: no new requests, and running ones end', SKIP, async (t) => {
  const { server } = await serve(t, ['--hold', '6'])
  const args = ['-A', 'slow', '--arg', 'seconds', '2', '--argstr', 'salt', `http2-stop-${process.pid}`]
  const slow = await nixInstantiate(fixture('shapes.nix'), args)
  const session = open(t, server)
  const idle = open(t, server)
  await ask(idle, { ':path': '/v2/' })
  const gone = once(idle, 'close', { signal: AbortSignal.timeout(LIMIT_MS) })
  const built = ask(session, {
    ':path': `${new URL(repositoryUrl(server.url, slow)).pathname}/manifests/nix`,
  })
  await setTimeout(500)
  const stopped = server.stop()
  await gone
  t.equal((await built).status, 200)
  await stopped
})

void t.test('a client that resets all its requests harms nobody', SKIP, async (t) => {
  const { server } = await serve(t)
  const session = open(t, server)
  for (let i = 0; i < 5_000 && !session.closed; i++) {
    const stream = session.request({ ':path': '/v2/' })
    stream.on('error', () => undefined)
    stream.close(constants.NGHTTP2_CANCEL)
    if (i % 100 === 0) await setTimeout(1)
  }
  const other = open(t, server)
  const before = performance.now()
  t.equal((await ask(other, { ':path': '/healthz' })).status, 200)
  const ms = Math.round(performance.now() - before)
  t.ok(ms < 2_500, `a probe is answered after ${ms} ms`)
  // They are of one address, and each counts until it has ended.
  const isAnswered = async () => ((await ask(other, { ':path': '/v2/' })).status === 200 ? true : undefined)
  t.ok(await until(isAnswered, LIMIT_MS), 'none of them counts for ever')
})
