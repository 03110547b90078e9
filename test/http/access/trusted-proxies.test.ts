import t from 'tap'
import { TrustedProxies, parseAddressRange } from '../../../src/http/access/trusted-proxies.ts'

const ranges = ['10.0.0.0/8', '127.0.0.1', 'fd00::/8'].flatMap((text) => parseAddressRange(text) ?? [])
const proxies = new TrustedProxies(ranges)

function origin(peer: string, headers: Readonly<Record<string, string>>) {
  return proxies.originOf({ socket: { remoteAddress: peer } as never, headers })
}

void t.test('only what trusted proxies added is believed', async (t) => {
  for (const [what, peer, headers, address] of [
    ['no proxy', '192.0.2.1', {}, '192.0.2.1'],
    ['a client that lies', '192.0.2.1', { 'x-forwarded-for': '198.51.100.1' }, '192.0.2.1'],
    ['a client that lies, by Forwarded', '192.0.2.1', { forwarded: 'for=198.51.100.1' }, '192.0.2.1'],
    ['a proxy', '10.0.0.1', { 'x-forwarded-for': '192.0.2.1' }, '192.0.2.1'],
    [
      'a client that lies to a proxy',
      '10.0.0.1',
      { 'x-forwarded-for': '127.0.0.1, 198.51.100.1, 192.0.2.1' },
      '192.0.2.1',
    ],
    ['two proxies', '10.0.0.1', { 'x-forwarded-for': '192.0.2.1, 10.0.0.2' }, '192.0.2.1'],
    ['proxies alone', '10.0.0.1', { 'x-forwarded-for': '10.0.0.3, 10.0.0.2' }, '10.0.0.3'],
    ['a proxy that says nothing', '10.0.0.1', {}, '10.0.0.1'],
    ['a mapped address', '::ffff:10.0.0.1', { 'x-forwarded-for': '::ffff:192.0.2.1' }, '192.0.2.1'],
    ['with a port', '10.0.0.1', { 'x-forwarded-for': '192.0.2.1:443' }, '192.0.2.1'],
    ['IPv6', 'fd00::1', { 'x-forwarded-for': '2001:db8::1' }, '2001:db8::1'],
    ['IPv6 in brackets', 'fd00::1', { 'x-forwarded-for': '[2001:db8::1]:443' }, '2001:db8::1'],
    ['no address', '10.0.0.1', { 'x-forwarded-for': 'unknown' }, '10.0.0.1'],
    ['Forwarded', '10.0.0.1', { forwarded: 'for=192.0.2.1;proto=https;host=r.example.org' }, '192.0.2.1'],
    ['Forwarded, quoted', '10.0.0.1', { forwarded: 'For="[2001:db8::1]:4711"' }, '2001:db8::1'],
    ['Forwarded, with a comma in quotes', '10.0.0.1', { forwarded: 'for="a,b", for=192.0.2.1' }, '192.0.2.1'],
    ['Forwarded, hidden', '10.0.0.1', { forwarded: 'for=_hidden' }, '10.0.0.1'],
    [
      'Forwarded before X-Forwarded-For',
      '10.0.0.1',
      { forwarded: 'for=192.0.2.1', 'x-forwarded-for': '192.0.2.9' },
      '192.0.2.1',
    ],
    [
      'a thousand hops',
      '10.0.0.1',
      { 'x-forwarded-for': Array(1000).fill('10.0.0.2').join(',') },
      '10.0.0.2',
    ],
    ['nonsense', '10.0.0.1', { forwarded: '"""=;;,,=' }, '10.0.0.1'],
  ] as const)
    t.equal(origin(peer, headers).address, address, what)
})

void t.test('so are the scheme and the host', async (t) => {
  const https = {
    'x-forwarded-for': '192.0.2.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'r.example.org',
  }
  t.match(origin('10.0.0.1', https), { protocol: 'https', host: 'r.example.org' })
  t.match(origin('192.0.2.9', https), { protocol: undefined, host: undefined })
  t.match(origin('10.0.0.1', { 'x-forwarded-proto': 'https' }), { protocol: 'https' }, 'without an address')
  t.match(origin('10.0.0.1', { forwarded: 'for=192.0.2.1;proto=gopher' }), { protocol: undefined })
})

void t.test('ranges', async (t) => {
  for (const text of ['10.0.0.0/8', '192.0.2.1', '::1/128', '2001:db8::/32'])
    t.ok(parseAddressRange(text), text)
  for (const text of ['', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/', 'example.org', '::/129', '1.2.3.4/8/9'])
    t.equal(parseAddressRange(text), undefined, text)
})
