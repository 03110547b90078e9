import t from 'tap'
import { isLocal } from '../../src/http/peer.ts'

void t.test('who asks from this machine, for itself', async (t) => {
  for (const [ip, headers, expected] of [
    ['127.0.0.1', { host: '127.0.0.1:5000' }, true],
    ['127.9.9.9', { host: 'localhost:5000' }, true],
    ['::1', { host: '[::1]:5000' }, true],
    ['::ffff:127.0.0.1', { host: 'localhost' }, true],
    ['127.0.0.1', {}, true],
    ['10.0.0.1', { host: '127.0.0.1:5000' }, false],
    ['::ffff:10.0.0.1', {}, false],
    ['127.0.0.1', { host: 'localhost', 'x-forwarded-for': '10.0.0.1' }, false],
    ['127.0.0.1', { host: 'localhost', forwarded: 'for=10.0.0.1' }, false],
    ['127.0.0.1', { host: 'localhost', via: '1.1 proxy' }, false],
    ['127.0.0.1', { host: 'attacker.example:5000' }, false],
    ['127.0.0.1', { host: '127.0.0.1.attacker.example' }, false],
  ] as const)
    t.equal(isLocal({ ip, headers }), expected, `${ip} ${JSON.stringify(headers)}`)
})
