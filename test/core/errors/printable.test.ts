import t from 'tap'
import { printable } from '../../../src/core/errors/printable.ts'

void t.test('text of a client on one line', async (t) => {
  for (const [text, limit, expected] of [
    ['/v2/a', 10, '/v2/a'],
    ['a\r\nb\u001b[2J\u009b\u0000é', 20, 'a??b?[2J???'],
    ['0123456789', 10, '0123456789'],
    ['0123456789x', 10, '012345678~'],
  ] as const)
    t.equal(printable(text, limit), expected)
})
