import t from 'tap'
import { preferred } from '../../../src/http/pull/accept.ts'

const OFFERED = ['application/json', 'text/html', 'text/plain'] as const

void t.test('the form that a client prefers', async (t) => {
  for (const [accept, expected] of [
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['text/plain', 'text/plain'],
    ['TEXT/PLAIN; charset=utf-8', 'text/plain'],
    ['text/*', 'text/html'],
    ['text/*;q=0.5, application/json;q=0.4', 'text/html'],
    ['application/json;q=0, */*', 'text/html'],
    ['text/html;q=nonsense, text/plain;q=0.1', 'text/plain'],
    ['image/png', 'application/json'],
  ] as const)
    t.equal(preferred(accept, OFFERED), expected, String(accept))
})
