import t from 'tap'
import { describe } from '../../../src/cli/display/pretty-log.ts'

const HEAD = { level: 30, time: '2026-01-01T00:00:00.000Z' }

void t.test('a line is one sentence, and its facts behind it', (t) => {
  for (const [what, line, expected] of [
    ['a message', { msg: 'stopped' }, 'stopped'],
    ['a URL', { msg: 'listening', state: '/s', url: 'http://a:1' }, 'listening http://a:1 state=/s'],
    [
      'a request',
      {
        msg: 'request refused',
        reqId: 'req-1',
        address: '::1',
        kind: 'denied',
        url: '/v2/x',
        method: 'GET',
        status: 404,
        reason: 'no such path',
      },
      'request refused GET /v2/x 404 no such path address=::1 kind=denied',
    ],
    [
      'words',
      { msg: 'a', nix: 'nix-daemon --stdio', n: 3, empty: '' },
      'a nix="nix-daemon --stdio" n=3 empty=""',
    ],
    [
      'lists',
      { msg: 'a', platforms: ['linux/amd64'], ms: { plan: 1 } },
      'a platforms=["linux/amd64"] ms={"plan":1}',
    ],
    ['nothing', { msg: 'a', error: undefined }, 'a'],
    [
      'a failure',
      { msg: 'Nix does not answer', err: { type: 'E', message: 'no socket' } },
      'Nix does not answer: no socket',
    ],
    [
      'a defect',
      { msg: 'failed', err: { message: 'b', stack: 'Error: b\n    at x' }, url: '/' },
      'failed: b /\n  Error: b\n      at x',
    ],
    ['what steers a terminal', { msg: 'a', url: '/\u001b[2J\r\n', x: '\u0007\u009b' }, 'a /?[2J?? x=?\u003f'],
  ] as const)
    t.equal(describe({ ...HEAD, ...line }), expected, what)
  t.end()
})
