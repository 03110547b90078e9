import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { RegistryError } from '../../src/core/errors/errors.ts'
import { createApp } from '../../src/http/app.ts'
import { Metrics } from '../../src/http/metrics.ts'
import { journalIn } from '../registry/journal.ts'
import {
  LAYER_DIGEST,
  MANIFEST,
  NAME,
  failureOf,
  fakeRegistry,
  type FakeFailure,
  NO_REFERRERS,
} from './fake-registry.ts'

type Line = Readonly<Record<string, unknown>>

/** A listening server, and what it logged. */
async function listening(t: Test, failure?: FakeFailure) {
  const lines: Line[] = []
  const texts: string[] = []
  const logger = pino(
    { level: 'debug' },
    {
      write: (line: string) => {
        texts.push(line)
        lines.push(JSON.parse(line) as Line)
      },
    },
  )
  const { registry } = fakeRegistry(failure)
  const app = createApp(
    {
      registry,
      referrers: NO_REFERRERS,
      journal: journalIn(t),
      token: undefined,
      metrics: new Metrics(),
      compression: 'none',
      wait: 'retry',
    },
    logger,
  )
  t.teardown(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  /** The line of a request, once it is over. */
  const line = async (msg: string): Promise<Line> => {
    for (let i = 0; i < 200; i++) {
      const found = lines.find((line) => line['msg'] === msg)
      if (found !== undefined) return found
      await setTimeout(10)
    }
    throw new Error(`no line ${msg} in\n${texts.join('')}`)
  }
  return { port, url: `http://127.0.0.1:${port}`, lines, texts, line }
}

const [INFO, DEBUG] = [30, 20]

void t.test('a pull is at info, with its address and digest, and the rest at debug', async (t) => {
  const { url, line, lines } = await listening(t)
  await (await fetch(`${url}/v2/${NAME}/manifests/latest`, { method: 'HEAD' })).text()
  t.match(await line('request'), {
    level: DEBUG,
    method: 'HEAD',
    status: 200,
    outcome: 'sent',
    address: '127.0.0.1',
  })
  await (await fetch(`${url}/v2/${NAME}/manifests/latest`)).text()
  t.match(await line('pull'), {
    level: INFO,
    method: 'GET',
    url: `/v2/${NAME}/manifests/latest`,
    status: 200,
    outcome: 'sent',
    digest: MANIFEST.digest,
    address: '127.0.0.1',
  })
  await (await fetch(`${url}/v2/${NAME}/blobs/${LAYER_DIGEST}`)).arrayBuffer()
  await (await fetch(`${url}/v2/${NAME}/manifests/missing`)).text()
  await setTimeout(50)
  t.strictSame(
    lines.filter(({ level, status }) => level === INFO && status === 200).map(({ msg }) => msg),
    ['pull'],
  )
  t.match(
    lines.filter(({ msg }) => msg === 'request').map(({ status }) => status),
    [200, 200, 404],
  )
})

void t.test('a failed build has the status that was sent, in each of its lines', async (t) => {
  const error = new RegistryError('build-failed', 'nix build failed: a: exit code 1', {
    detail: { status: 'PermanentFailure', kind: 'other', url: 'other' },
  })
  const { url, line } = await listening(t, { at: 'ask', error })
  t.equal((await fetch(`${url}/v2/${NAME}/manifests/latest`)).status, 500)
  t.match(await line('request refused'), {
    status: 500,
    nixStatus: 'PermanentFailure',
    kind: 'build-failed',
    url: `/v2/${NAME}/manifests/latest`,
    address: '127.0.0.1',
  })
  t.match(await line('request'), { status: 500, outcome: 'sent' })
})

void t.test('a download that breaks off has the status that was sent, and how it ended', async (t) => {
  const { url, line } = await listening(t, { at: 'stream', after: 2, error: failureOf('unavailable') })
  await t.rejects((await fetch(`${url}/v2/${NAME}/blobs/${LAYER_DIGEST}`)).arrayBuffer())
  t.match(await line('request'), { status: 200, outcome: 'cut', address: '127.0.0.1' })
  t.match(await line('download cut'), { level: 50, address: '127.0.0.1' })
})

void t.test('a client that leaves', async (t) => {
  const { port, line } = await listening(t)
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`GET /v2/${NAME}/blobs/${LAYER_DIGEST} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  socket.destroy()
  t.match(await line('request'), { outcome: 'left' })
})

void t.test('texts of clients and proxies are bounded and printable', async (t) => {
  const { port, texts, line } = await listening(t)
  const socket = connect(port, '127.0.0.1')
  const path = `/v2/${'x'.repeat(5_000)}`
  socket.write(
    Buffer.from(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: \u009b2J","address":"9.9.9.9" ${'1'.repeat(5_000)}\r\nConnection: close\r\n\r\n`,
      'latin1',
    ),
  )
  t.match(await text(socket), /^HTTP\/1.1 4/)
  const { url, forwarded, address } = await line('request')
  t.equal(address, '127.0.0.1')
  t.equal(String(url).length, 500)
  t.equal(String(forwarded).length, 200)
  t.match(forwarded, /^\?2J","address":"9\.9\.9\.9" 1/)
  // oxlint-disable-next-line eslint/no-control-regex -- it is what must not be there
  t.notMatch(texts.join(''), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
})
