/**
 * Requests made to exhaust the server, against the built one: it answers `/healthz` within 250 ms and stays within
 * 300 MB throughout, honest clients beside the attack are served, and it stops when it is told to.
 */
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { pullManifest, repositoryUrl } from './client.ts'
import { assertUnharmed, startAttackedServer, type AttackedServer } from '../support/attacked-server.ts'
import { fixture, nixInstantiate, nixStore, only } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const skip = missing('nix')
const TOKEN = 'f6a1c30b9d5e47a2b8c0'
const BEARER = { authorization: `Bearer ${TOKEN}` }
/** Of a check of one unknown image, on a machine whose cores the attack keeps busy. */
const HONEST_LIMIT_MS = 2_500

async function start(t: Scope, args: readonly string[] = []): Promise<AttackedServer> {
  const file = join(await temporaryDirectory(t, 'token'), 'token')
  await writeFile(file, TOKEN, { mode: 0o600 })
  return startAttackedServer(t, { args: ['--serve-packages', '--token-file', file, ...args] })
}

async function check(server: AttackedServer, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/check`, { method: 'POST', body, headers }).catch(
    () => undefined,
  )
  await response?.text()
  return response?.status
}

/** Checks an image again and again until the attack is over. @returns the longest that one took. */
async function besideHonest(server: AttackedServer, attack: () => Promise<unknown>): Promise<number> {
  const over = new AbortController()
  const attacking = attack().finally(() => over.abort())
  let slowest = 0
  while (!over.signal.aborted) {
    const before = performance.now()
    const body = 'kind: Pod\nspec: {containers: [{image: nginx}]}\n'
    if ((await check(server, body)) !== 200) slowest = Infinity
    slowest = Math.max(slowest, performance.now() - before)
    await setTimeout(50)
  }
  await attacking
  return slowest
}

async function open(t: Test, server: AttackedServer, head: string): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  t.teardown(() => void socket.destroy())
  await once(socket, 'connect')
  socket.write(`${head}\r\nHost: localhost\r\n`)
  return socket
}

const slashes = (length: number) => JSON.stringify({ refs: [`${'/'.repeat(length)}!`] })
const empty = (count: number) => `{"refs":[${'"",'.repeat(count - 1)}""]}`

void t.test('references that are long, or many', { skip }, async (t) => {
  const server = await start(t)
  const statuses: unknown[] = []
  const figures = await server.during(async () => {
    for (const [body, headers] of [
      [slashes(80_000), {}],
      [slashes(999_000), {}],
      [JSON.stringify({ refs: Array.from({ length: 900 }, () => '/'.repeat(1000)) }), {}],
      [empty(300_000), {}],
      [empty(1_000_000), BEARER],
      [empty(3_300_000), BEARER],
      [empty(1_000_000), {}],
    ] as const) {
      statuses.push(await check(server, body, headers))
    }
  })
  t.same(statuses, [200, 200, 200, 400, 400, 400, 413])
  assertUnharmed(t, 'references', figures)
})

void t.test('texts that exhaust their parser', { skip }, async (t) => {
  const server = await start(t)
  const texts = [
    `a: ${'['.repeat(4_000_000)}`,
    '['.repeat(4_000_000),
    `${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}`,
    '{"a":'.repeat(1_000_000),
    '- '.repeat(2_000_000),
    '? '.repeat(2_000_000),
    `[${'{},'.repeat(1_300_000)}{}]`,
    `a:\n${'- [b, {c: d}]\n'.repeat(250_000)}`,
  ]
  let slowest = 0
  const figures = await server.during(async () => {
    slowest = await besideHonest(server, () => Promise.all(texts.map((text) => check(server, text, BEARER))))
  })
  assertUnharmed(t, 'texts', figures)
  t.ok(slowest <= HONEST_LIMIT_MS, `an honest check beside them took ${Math.round(slowest)} ms`)
})

void t.test('bodies that never end', { skip }, async (t) => {
  const server = await start(t)
  const sockets: Socket[] = []
  let slowest = 0
  const figures = await server.during(async () => {
    slowest = await besideHonest(server, async () => {
      const part = Buffer.alloc(9_500_000, 'x')
      for (let i = 0; i < 60; i++) {
        const socket = await open(t, server, 'POST /check HTTP/1.1')
        sockets.push(socket)
        socket.write(`Authorization: ${BEARER.authorization}\r\nContent-Length: 9900000\r\n\r\n`)
        socket.write(part)
      }
      for (let i = 0; i < 400; i++) {
        const socket = await open(t, server, i % 2 === 0 ? 'POST /check HTTP/1.1' : 'GET /v2/ HTTP/1.1')
        sockets.push(socket)
        socket.write('Content-Length: 900000\r\n\r\n')
      }
      for (let i = 0; i < 10; i++) {
        for (const socket of sockets.slice(60)) if (socket.writable) socket.write('x')
        await setTimeout(200)
      }
    })
  })
  assertUnharmed(t, 'bodies', figures)
  t.ok(slowest <= HONEST_LIMIT_MS, `an honest check beside them took ${Math.round(slowest)} ms`)
  await server.stop()
  t.pass('it stops, with bodies on their way')
})

void t.test('83,000 requests in one connection for an image in work', { skip }, async (t) => {
  const server = await start(t)
  const salt = `pipelined-${process.pid}-${Date.now()}`
  const args = ['-A', 'slow', '--arg', 'seconds', '8', '--argstr', 'salt', salt]
  const path = only(await nixStore('--query', '--outputs', await nixInstantiate(fixture('shapes.nix'), args)))
  const target = new URL(repositoryUrl(server.url, path)).pathname
  const figures = await server.during(async () => {
    const socket = await open(t, server, `GET ${target}/manifests/nix HTTP/1.1`)
    socket.resume()
    const one = `GET ${target}/manifests/nix HTTP/1.1\r\nHost: localhost\r\n\r\n`
    socket.write(`\r\n${one.repeat(83_000)}`)
    await Promise.race([new Promise((resolve) => socket.once('close', resolve)), setTimeout(5_000)])
    t.ok(socket.destroyed, 'the connection is closed')
  })
  assertUnharmed(t, 'pipelined', figures)
})

void t.test('200 readers that take nothing', { skip }, async (t) => {
  const directory = join(await temporaryDirectory(t, 'noise'), 'noise')
  await mkdir(directory)
  await writeFile(join(directory, 'file'), randomBytes(48 * 1024 ** 2))
  const path = only(await nixStore('--add', directory))
  const server = await start(t, ['--compression', 'zstd'])
  const { manifest } = await pullManifest(server.url, path)
  const layer = manifest.layers.find(({ size }) => size > 40e6)
  if (layer === undefined) throw new Error('no large layer')
  const target = `${new URL(repositoryUrl(server.url, path)).pathname}/blobs/${layer.digest}`
  const encodings: string[] = []
  const figures = await server.during(async () => {
    for (let i = 0; i < 200; i++) {
      const socket = await open(t, server, `GET ${target} HTTP/1.1`)
      socket.once('data', (chunk) => {
        encodings.push(/content-encoding: (\w+)/i.exec(String(chunk))?.[1] ?? 'none')
        socket.pause()
      })
      socket.write('Accept-Encoding: zstd\r\n\r\n')
    }
    await setTimeout(3_000)
  })
  assertUnharmed(t, 'stalled', figures)
  t.equal(encodings.length, 200, 'each has its headers')
  t.equal(
    encodings.filter((encoding) => encoding === 'zstd').length,
    200,
    'and one encoder is enough for all',
  )
})
