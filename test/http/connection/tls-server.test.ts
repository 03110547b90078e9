/** The server over TLS: handshakes, clients without or with a wrong certificate, plain HTTP, and changed certificates. */
import { once } from 'node:events'
import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import type { ClientAuth } from '../../../src/http/access/client-auth.ts'
import { createApp } from '../../../src/http/app.ts'
import { Metrics } from '../../../src/http/metrics.ts'
import { daysAfter } from '../../../src/tls/self-signed.ts'
import { until } from '../../e2e/until.ts'
import { journalIn } from '../../registry/journal.ts'
import { testAuthority } from '../../support/certificates.ts'
import { NO_REFERRERS, fakeRegistry } from '../fake-registry.ts'

const authority = testAuthority()
const strangers = testAuthority()
const [first, second] = [authority.server(), authority.server()]

async function listening(t: Test, clientAuth: ClientAuth = 'off', connections = 100) {
  let certificates = tlsOf(first.certificate, first.key, clientAuth)
  const lines: Record<string, unknown>[] = []
  const app = createApp(
    {
      registry: fakeRegistry().registry,
      referrers: NO_REFERRERS,
      journal: journalIn(t),
      token: undefined,
      metrics: new Metrics(),
      compression: 'none',
      wait: 'retry',
      connections,
      tls: { clientAuth, current: () => certificates },
    },
    pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  )
  t.teardown(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return {
    app,
    port,
    lines,
    change: () => (certificates = tlsOf(second.certificate, second.key, clientAuth)),
    open: async (options: ConnectionOptions = {}): Promise<TLSSocket> => {
      const socket = connectTls({ port, host: '127.0.0.1', ca: authority.ca, ...options })
      t.teardown(() => socket.destroy())
      await once(socket, 'secureConnect')
      return socket
    },
    connections: () => promisify(app.server.getConnections.bind(app.server))(),
  }
}

function tlsOf(cert: string, key: string, clientAuth: ClientAuth) {
  return { cert, key, clientCa: clientAuth === 'off' ? undefined : authority.ca }
}

async function ask(port: number, path: string, options: ConnectionOptions = {}) {
  const sent = request({ port, host: '127.0.0.1', path, ca: authority.ca, agent: false, ...options })
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, reason: answer.statusMessage, body: await text(answer) }
}

async function askOn(socket: TLSSocket, path = '/v2/'): Promise<string> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return answer.toString()
}

void t.test(
  'TLS 1.2 and 1.3 are spoken, older ones are not, and the client chooses between HTTP/1.1 and 2',
  async (t) => {
    const { open, port } = await listening(t)
    t.match(await ask(port, '/v2/'), { status: 200 })
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const versions = { minVersion: version, maxVersion: version }
      t.equal((await open({ ...versions, ALPNProtocols: ['h2', 'http/1.1'] })).alpnProtocol, 'h2')
      const socket = await open({ ...versions, ALPNProtocols: ['http/1.1'] })
      t.equal(socket.getProtocol(), version)
      t.equal(socket.alpnProtocol, 'http/1.1')
      t.match(await askOn(socket), /^HTTP\/1.1 200/)
    }
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await t.rejects(open(old), { message: /alert|protocol/ })
  },
)

void t.test('HTTP without TLS is answered in words', async (t) => {
  const { port, connections } = await listening(t)
  for (const line of ['GET /v2/ HTTP/1.1', 'POST /warm HTTP/1.1', 'PRI * HTTP/2.0']) {
    const socket = connect(port, '127.0.0.1')
    socket.write(`${line}\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello`)
    const answer = await text(socket)
    t.match(answer, /^HTTP\/1.1 400 this port speaks HTTPS\r\n[^]*write https:\/\/ instead of http:\/\/\n$/)
  }
  await gone(connections)
})

void t.test('what is neither is closed', async (t) => {
  const { port, connections } = await listening(t)
  for (const bytes of [
    Buffer.from([0x16, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    Buffer.from('ssh-2.0\r\n'.padEnd(50)),
  ]) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(bytes)
    socket.resume()
    await once(socket, 'close')
  }
  const silent = connect(port, '127.0.0.1').end()
  await once(silent.resume(), 'close')
  await gone(connections)
})

void t.test('a client hello in pieces is understood', async (t) => {
  const { port } = await listening(t)
  const slow = connect(port, '127.0.0.1')
  t.teardown(() => slow.destroy())
  const hello = once(slow, 'connect').then(async () => {
    const socket = connectTls({ socket: slow, host: '127.0.0.1', ca: authority.ca })
    await once(socket, 'secureConnect')
    return askOn(socket)
  })
  const write = slow.write.bind(slow)
  slow.write = (bytes: unknown, ...rest: unknown[]) => {
    if (bytes instanceof Uint8Array) for (const byte of bytes) write(Uint8Array.of(byte))
    const done = rest.at(-1)
    if (typeof done === 'function') done()
    return true
  }
  t.match(await hello, /^HTTP\/1.1 200/)
})

void t.test('another certificate counts for the next connection, and none is cut', async (t) => {
  const { open, change } = await listening(t)
  const before = await open()
  t.match(await askOn(before), /^HTTP\/1.1 200/)
  change()
  const after = await open({ session: before.getSession() })
  t.not(after.getPeerX509Certificate()?.serialNumber, before.getPeerX509Certificate()?.serialNumber)
  t.notOk(after.isSessionReused(), 'a session of the old certificate ends with it')
  t.match(await askOn(after), /^HTTP\/1.1 200/)
  t.match(await askOn(before), /^HTTP\/1.1 200/, 'the old connection goes on')
})

void t.test('certificates of clients', async (t) => {
  const good = authority.client('node-1')
  const pairOf = ({ certificate, key }: typeof good) => ({ cert: certificate, key })
  const none = {}
  const stranger = pairOf(strangers.client('node-1'))
  const expired = pairOf(authority.client('node-1', daysAfter(new Date(), -0.01)))
  const wrongUse = pairOf(first)
  for (const [mode, who, options, status, message] of [
    ['off', 'nobody', none, 200, /./],
    ['off', 'a client of another authority', stranger, 200, /./],
    ['optional', 'nobody', none, 200, /./],
    ['optional', 'a client', pairOf(good), 200, /./],
    ['optional', 'a client of another authority', stranger, 403, /signed by another authority/],
    ['required', 'nobody', none, 403, /needs a certificate of the client/],
    ['required', 'a client', pairOf(good), 200, /./],
    ['required', 'a client of another authority', stranger, 403, /signed by another authority/],
    ['required', 'a client whose certificate has expired', expired, 403, /it has expired/],
    ['required', 'a server', wrongUse, 403, /not for clients/],
  ] as const) {
    const { port } = await listening(t, mode)
    const answer = await ask(port, '/v2/', options)
    t.match(answer, { status, body: message }, `${mode}: ${who}`)
    if (status === 403) t.equal(answer.reason, 'client certificate needed')
  }
})

void t.test('where certificates are required, probes need none, and the log names who has one', async (t) => {
  const { port, lines } = await listening(t, 'required')
  t.match(await ask(port, '/healthz'), { status: 200 })
  t.match(await ask(port, '/readyz'), { status: 200 })
  for (const path of ['/metrics', '/', '/nowhere', '/healthz/x', '/v2/%zz'])
    t.not((await ask(port, path)).status, 200, path)
  const { certificate: cert, key } = authority.client('node-1')
  await ask(port, '/v2/', { cert, key })
  // It is logged once the response is sent, which may be after the client has it.
  const logged = await until(
    async () => lines.find(({ msg, url }) => msg === 'request' && url === '/v2/'),
    5_000,
  )
  t.match(logged, { client: 'CN=node-1' })
  t.notOk(lines.some(({ client, url }) => url !== '/v2/' && client !== undefined))
})

void t.test('the limit of connections counts TCP connections, and the longest idle one goes', async (t) => {
  const { open, connections, port } = await listening(t, 'off', 3)
  const [one, two] = [await open(), await open()]
  t.match(await askOn(one), /^HTTP\/1.1 200/)
  const raw = connect(port, '127.0.0.1')
  raw.on('error', () => undefined)
  await once(raw, 'connect')
  const closed = once(two, 'close')
  const next = await open()
  await closed
  t.match(await askOn(next), /^HTTP\/1.1 200/)
  t.match(await askOn(one), /^HTTP\/1.1 200/, 'the one that was used stays')
  t.equal(await connections(), 3)
  const rawClosed = once(raw, 'close')
  t.match(await askOn(await open()), /^HTTP\/1.1 200/)
  await rawClosed
})

void t.test('a server that stops closes connections that do nothing', async (t) => {
  const { app, open, port } = await listening(t)
  const used = await open()
  await askOn(used)
  const unused = await open()
  const raw = connect(port, '127.0.0.1')
  await once(raw, 'connect')
  await setTimeout(20)
  const ends = Promise.all([used, unused, raw].map(async (socket) => once(socket, 'close')))
  for (const socket of [used, unused, raw]) socket.resume().on('error', () => undefined)
  const begun = performance.now()
  await app.close()
  await ends
  t.ok(performance.now() - begun < 20_000)
})

async function gone(connections: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if ((await connections()) === 0) return
    await setTimeout(10)
  }
  throw new Error('connections are left')
}
