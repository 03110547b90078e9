import t from 'tap'
import { LastWords, headline, throwIfNoSpace } from '../../src/store/complaints.ts'

const log = (line: string, derivation?: string) => ({ kind: 'log', line, derivation }) as const

void t.test('last words are the daemon\u2019s own, the last of them, and the last error', async (t) => {
  const words = new LastWords()
  const heard: unknown[] = []
  const listen = words.alongside((event) => heard.push(event))
  for (let i = 0; i < 30; i++) listen(log(`line ${i}`))
  listen(log('error: of a builder', '/nix/store/x.drv'))
  listen(log('warning: error: first; retrying'))
  listen(log('error: last'))
  listen(log('    details'))
  listen(log(''))
  listen({ kind: 'building', derivation: 'x' })
  t.equal(heard.length, 36, 'others hear all')
  t.equal(words.lines.length, 20)
  t.same(words.lines.slice(-3), ['warning: error: first; retrying', 'error: last', '    details'])
  t.equal(words.lastError, 'last')
  t.equal(new LastWords().lastError, undefined)
})

void t.test('a full disk is told by Nix\u2019s words, not by a builder\u2019s', async (t) => {
  for (const [text, isFull] of [
    ['error: writing to file: No space left on device', true],
    ['error: executing SQLite statement: database or disk is full', true],
    ['builder failed\nnote: build failure may have been caused by lack of free disk space', true],
    ['builder failed;\nlast 1 log lines:\n  > cp: No space left on device\n', false],
    ['builder failed with exit code 1', false],
  ] as const) {
    const ask = () => throwIfNoSpace([text], undefined, { path: 'x' })
    if (isFull) t.throws(ask, Object.assign(new Error(), { name: 'RegistryError', kind: 'no-space' }), text)
    else t.doesNotThrow(ask, text)
  }
})

void t.test('the headline of a message says what is wrong', async (t) => {
  for (const [message, expected] of [
    [
      "builder for '/x.drv' failed with exit code 1;\nlast 1 log lines:\n> no",
      "builder for '/x.drv' failed with exit code 1;",
    ],
    [
      "hash mismatch in fixed-output derivation '/x.drv':\n  specified: sha256-A\n     got:    sha256-B",
      "hash mismatch in fixed-output derivation '/x.drv': specified: sha256-A got:    sha256-B",
    ],
    [
      "Cannot build '/x.drv'.\nReason: builder failed with exit code 1.\nOutput paths:\n  /x",
      "Cannot build '/x.drv'. Reason: builder failed with exit code 1.",
    ],
    ["Cannot build '/x.drv'.", "Cannot build '/x.drv'."],
    ['', ''],
  ] as const)
    t.equal(headline(message), expected)
})
