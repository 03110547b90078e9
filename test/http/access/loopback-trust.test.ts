import Fastify from 'fastify'
import t from 'tap'
import { LoopbackTrust } from '../../../src/http/access/loopback-trust.ts'

async function ask(
  loopback: LoopbackTrust,
  remoteAddress: string,
  headers: Readonly<Record<string, string>>,
): Promise<boolean> {
  const app = Fastify()
  app.get('/', async (request) => {
    loopback.observe(request)
    return { isLocal: loopback.isLocal(request) }
  })
  const { isLocal } = (await app.inject({ url: '/', remoteAddress, headers })).json<{ isLocal: boolean }>()
  return isLocal
}

void t.test('requests from this machine, for itself', async (t) => {
  for (const [address, headers, expected] of [
    ['127.0.0.1', { host: '127.0.0.1:5000' }, true],
    ['127.9.9.9', { host: 'localhost:5000' }, true],
    ['::1', { host: '[::1]:5000' }, true],
    ['::ffff:127.0.0.1', { host: 'localhost' }, true],
    ['10.0.0.1', { host: '127.0.0.1:5000' }, false],
    ['127.0.0.1', { host: 'attacker.example:5000' }, false],
    ['127.0.0.1', { host: '127.0.0.1.attacker.example' }, false],
    ['127.0.0.1', { host: 'nix.internal' }, false],
  ] as const)
    t.equal(await ask(new LoopbackTrust(true), address, headers), expected, `${address} ${headers.host}`)
  t.equal(
    await ask(new LoopbackTrust(false), '127.0.0.1', { host: 'localhost' }),
    false,
    'the setting is off',
  )
})

void t.test('one request through a proxy ends the trust, for every connection', async (t) => {
  for (const [name, value] of [
    ['x-forwarded-for', '192.0.2.1'],
    ['X-Forwarded-Proto', 'https'],
    ['x-forwarded-host', 'registry.example'],
    ['forwarded', 'for=192.0.2.1'],
    ['via', '1.1 proxy'],
    ['x-real-ip', '192.0.2.1'],
    ['cf-connecting-ip', '192.0.2.1'],
    ['x-envoy-external-address', '192.0.2.1'],
    ['x-forwarded-for', ''],
  ] as const) {
    const signs: string[] = []
    const loopback = new LoopbackTrust(true, (sign) => signs.push(sign))
    t.equal(await ask(loopback, '127.0.0.1', { host: 'localhost' }), true)
    t.equal(await ask(loopback, '192.0.2.9', { host: 'localhost', [name]: value }), false, name)
    t.equal(await ask(loopback, '127.0.0.1', { host: 'localhost' }), false, `${name}: without it, too`)
    t.equal(loopback.isTrusted, false)
    await ask(loopback, '127.0.0.1', { host: 'localhost', [name]: value })
    t.strictSame(signs, [name.toLowerCase()], 'and is heard of once')
  }
})

void t.test('headers of clients are no sign of a proxy', async (t) => {
  const loopback = new LoopbackTrust(true)
  const headers = {
    host: 'localhost',
    accept: '*/*',
    'user-agent': 'containerd',
    authorization: 'x',
    range: 'bytes=0-',
  }
  t.equal(await ask(loopback, '127.0.0.1', headers), true)
})
