import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { hostname } from 'node:os'
import t from 'tap'
import {
  isKnownHost,
  isOwnAddress,
  originForm,
  parseHost,
  parseHostPattern,
  requestedHost,
} from '../../../src/http/access/host-name.ts'

void t.test('a Host is a name or an address, whatever its case, port and final dot', async (t) => {
  for (const [text, kind, expected] of [
    ['Registry.Example', 'name', 'registry.example'],
    ['registry.example:5000', 'name', 'registry.example'],
    ['registry.example.:5000', 'name', 'registry.example'],
    ['localhost', 'name', 'localhost'],
    ['my_registry:', 'name', 'my_registry'],
    ['127.0.0.1:5000', 'address', '127.0.0.1'],
    ['[::1]:5000', 'address', '::1'],
    ['[FE80::1%eth0]', 'address', 'fe80::1%eth0'],
    ['127.0.0.1.evil.example', 'name', '127.0.0.1.evil.example'],
  ] as const)
    t.strictSame(parseHost(text), { kind, text: expected }, text)
  for (const text of [
    '',
    '.',
    ':5000',
    'a..b',
    'a b',
    'a:b',
    'a:123456',
    'a,b',
    'user@a',
    'a/b',
    '::1',
    '[::1',
    '[::1]x',
    '[evil.example]',
    '[]',
    'käse.example',
    'x'.repeat(300),
  ])
    t.equal(parseHost(text), undefined, text.slice(0, 40))
})

void t.test('names of this server', async (t) => {
  const patterns = ['registry.example', '*.below.example', 'With.Port:5000'].map(
    (text) => parseHostPattern(text) ?? t.fail(text),
  )
  const known = (text: string, given = patterns) => {
    const host = parseHost(text)
    return host !== undefined && isKnownHost(host, given as never)
  }
  for (const text of [
    '127.0.0.1:5000',
    '[::1]:5000',
    '192.0.2.1',
    'localhost',
    'LOCALHOST.:80',
    'a.localhost',
    'nix.internal',
    hostname(),
    hostname().toUpperCase(),
    hostname().split('.')[0] ?? '',
    'registry.example:80',
    'a.below.example',
    'a.b.below.example',
    'with.port',
  ])
    t.equal(known(text), true, text)
  for (const text of [
    'evil.example',
    'registry.example.evil.example',
    'evil.registry.example',
    'below.example',
    'evilbelow.example',
    'evillocalhost',
    'localhost.evil.example',
    'evil.nix.internal',
    '127.0.0.1.evil.example',
  ])
    t.equal(known(text), false, text)
  const any = parseHostPattern('*')
  t.equal(any !== undefined && known('evil.example', [any]), true, '* is any name')
  for (const text of ['', '*.', '*.*', 'a*b', '**', '*.a b', 'http://a'])
    t.equal(parseHostPattern(text), undefined, text)
})

void t.test('names that a browser finds nowhere but here', async (t) => {
  for (const [text, expected] of [
    ['127.0.0.1', true],
    ['10.0.0.1', true],
    ['localhost:5000', true],
    ['a.localhost', true],
    ['nix.internal', false],
    ['evil.example', false],
  ] as const) {
    const host = parseHost(text)
    t.equal(host !== undefined && isOwnAddress(host), expected, text)
  }
})

void t.test('the host that a request is for', async (t) => {
  for (const [rawHeaders, target, expected] of [
    [['Host', 'a:1'], '/v2/', { kind: 'name', text: 'a' }],
    [[], '/v2/', { kind: 'absent' }],
    [['Host', ''], '/v2/', { kind: 'malformed' }],
    [['Host', 'a', 'host', 'b'], '/v2/', { kind: 'malformed' }],
    [['Host', 'a', 'HOST', 'a'], '/v2/', { kind: 'malformed' }],
    [['Host', 'a'], 'http://b:80/v2/', { kind: 'name', text: 'b' }],
    [['Host', 'a'], 'http://user@b/v2/', { kind: 'malformed' }],
    [['Host', 'a'], 'HTTPS://[::1]', { kind: 'address', text: '::1' }],
  ] as const) {
    const raw = new IncomingMessage(new Socket())
    raw.rawHeaders = [...rawHeaders]
    if (rawHeaders[1] !== undefined) raw.headers.host = rawHeaders[1]
    t.strictSame(requestedHost(raw, target), expected, `${rawHeaders.join(' ')} ${target}`)
  }
})

void t.test('an absolute request target is routed by its path', async (t) => {
  for (const [target, expected] of [
    ['/v2/', '/v2/'],
    ['*', '*'],
    ['http://v2.example:80/v2/?ns=a', '/v2/?ns=a'],
    ['http://a', '/'],
    ['http://a?x', '/?x'],
    ['HTTPS://a/b', '/b'],
  ] as const)
    t.equal(originForm(target), expected, target)
})
