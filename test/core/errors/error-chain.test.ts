import t from 'tap'
import { causeChain, messageChain } from '../../../src/core/errors/error-chain.ts'

const error = (message: string, cause?: unknown) => new Error(message, { cause })
const missing = Object.assign(new Error("ENOENT: no such file or directory, stat '/x'"), {
  code: 'ENOENT',
  syscall: 'stat',
  path: '/x',
})
const explained = '/x: no such file or directory; check its spelling'
const circle = error('in a circle')
circle.cause = circle

void t.test('an error and its causes are one sentence', (t) => {
  for (const [what, given, whole, causes] of [
    ['one error', error('a'), 'a', undefined],
    ['each cause once', error('a', error('b', error('c'))), 'a: b: c', 'b: c'],
    ['the same three times', error('a: b', error('b', error('b'))), 'a: b', undefined],
    [
      'a cause that says it all',
      error('Nix failed', error('Nix failed: no daemon')),
      'Nix failed: no daemon',
      'Nix failed: no daemon',
    ],
    ['a cause without words', error('a', error('', error('c'))), 'a: c', 'c'],
    ['a cause that is text', error('a', 'b'), 'a: b', 'b'],
    [
      'lines that are one in what wraps them',
      error('state: row 1 is wrong', error('row 1\n  is wrong')),
      'state: row 1 is wrong',
      undefined,
    ],
    ['lines of its own', error('a\nb', error('c\nd')), 'a\nb: c d', 'c d'],
    ['no error', 'text', 'text', undefined],
    ['its own cause', circle, 'in a circle', undefined],
    ['the system’s', missing, explained, explained],
    ['the system’s as a cause', error('cannot be read', missing), `cannot be read: ${explained}`, explained],
    [
      'a place once',
      error('token file /x: cannot be read', missing),
      'token file /x: cannot be read: no such file or directory; check its spelling',
      'no such file or directory; check its spelling',
    ],
    [
      'the system’s in a message',
      error(`state: ${missing.message}`, missing),
      `state: ${explained}`,
      `state: ${explained}`,
    ],
    [
      'of several the first',
      error('fetch failed', new AggregateError([missing, error('b')])),
      `fetch failed: ${explained}`,
      explained,
    ],
  ] as const) {
    t.equal(messageChain(given), whole, what)
    t.equal(causeChain(given), causes, what)
  }
  t.end()
})
