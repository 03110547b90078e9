import t from 'tap'
import { isLoopback } from '../../../src/http/access/peer.ts'

void t.test('addresses of this machine’s own loopback', async (t) => {
  for (const [address, expected] of [
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['::1234', false],
    [undefined, false],
  ] as const)
    t.equal(isLoopback(address), expected, String(address))
})
