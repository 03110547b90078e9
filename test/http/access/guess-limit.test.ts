import t from 'tap'
import { GuessLimit, networkOf } from '../../../src/http/access/guess-limit.ts'

void t.test('ten wrong tokens, then one every three seconds', async (t) => {
  let now = 0
  const limit = new GuessLimit(() => now)
  const outcomes = Array.from({ length: 10 }, (_, i) => limit.count('192.0.2.1', `wrong-${i}`))
  t.strictSame(outcomes, [...Array.from({ length: 9 }, () => 'counted'), 'last'])
  t.equal(limit.waitSeconds('192.0.2.1', 'another'), 3)
  t.equal(limit.waitSeconds('192.0.2.2', 'another'), 0, 'of this address alone')
  now = 2_000
  t.equal(limit.waitSeconds('192.0.2.1', 'another'), 1)
  now = 3_000
  t.equal(limit.waitSeconds('192.0.2.1', 'another'), 0)
  t.equal(limit.count('192.0.2.1', 'another'), 'last')
  t.equal(limit.waitSeconds('192.0.2.1', 'a third'), 3)
  now = 1e9
  for (let i = 0; i < 9; i++) t.equal(limit.count('192.0.2.1', `later-${i}`), 'counted')
  t.equal(limit.count('192.0.2.1', 'the tenth'), 'last', 'no more than ten are saved up')
})

void t.test('the same wrong token counts once', async (t) => {
  const limit = new GuessLimit(() => 0)
  t.equal(limit.count('192.0.2.1', 'old'), 'counted')
  for (let i = 0; i < 1000; i++) t.equal(limit.count('192.0.2.1', 'old'), 'repeated')
  t.equal(limit.waitSeconds('192.0.2.1', 'new'), 0)
  for (let i = 0; i < 9; i++) limit.count('192.0.2.1', `wrong-${i}`)
  t.equal(limit.waitSeconds('192.0.2.1', 'old'), 0, 'it may be right by now: compared, and no guess')
  t.not(limit.waitSeconds('192.0.2.1', 'new'), 0)
})

void t.test('memory is bounded', async (t) => {
  const limit = new GuessLimit(() => 0)
  for (let i = 0; i < 50_000; i++) limit.count(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 'x'.repeat(44))
  t.equal(limit.addresses, 10_000)
})

void t.test('addresses that count as one', async (t) => {
  for (const [address, expected] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['127.0.0.1', 'loopback'],
    ['127.9.9.9', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ] as const)
    t.equal(networkOf(address), expected, address)
})
