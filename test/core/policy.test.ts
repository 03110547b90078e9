import t from 'tap'
import {
  needsPlan,
  objectionToName,
  objectionToPlan,
  parseNamePattern,
  type NamePattern,
  type Policy,
} from '../../src/core/policy.ts'
import { storePath } from '../store-path.ts'

const OPEN: Policy = { builds: true, fetches: true, allow: [], deny: [], systems: [] }

const patterns = (...texts: readonly string[]): readonly NamePattern[] =>
  texts.flatMap((text) => parseNamePattern(text) ?? [])

const build = (name: string, system = 'x86_64-linux') => ({ derivation: storePath(`${name}.drv`), system })

void t.test('patterns are globs over the whole name', async (t) => {
  for (const [pattern, name, expected] of [
    ['hello', 'hello', true],
    ['hello', 'hello-2.12', false],
    ['hello*', 'hello-2.12', true],
    ['*', 'anything+at.all=?', true],
    ['web-?', 'web-1', true],
    ['web-?', 'web-12', false],
    ['a.b', 'axb', false],
    ['a+b(', 'a+b(', true],
    ['*-image', 'my-image', true],
    ['*-image', 'my-image-x', false],
  ] as const)
    t.equal(parseNamePattern(pattern)?.matches.test(name), expected, `${pattern} ${name}`)
  t.equal(parseNamePattern(''), undefined)
})

void t.test('names that may be requested', async (t) => {
  for (const [policy, name, reason] of [
    [{}, 'x', undefined],
    [{ allow: patterns('web-*', 'db') }, 'web-1', undefined],
    [{ allow: patterns('web-*', 'db') }, 'db.drv', undefined],
    [{ allow: patterns('web-*', 'db') }, 'other', /other matches nothing of --allow-names/],
    [{ deny: patterns('*-debug') }, 'web-debug', /web-debug matches \*-debug of --deny-names/],
    [{ allow: patterns('web-*'), deny: patterns('*-debug') }, 'web-debug', /--deny-names/],
  ] as const) {
    const objection = objectionToName({ ...OPEN, ...policy }, storePath(name))
    if (reason === undefined) t.equal(objection, undefined, name)
    else t.match(objection, { kind: 'denied', reason }, name)
  }
})

void t.test('work that may be done', async (t) => {
  for (const [what, policy, plan, expected] of [
    ['nothing to do', { builds: false, fetches: false }, { builds: [], fetches: [] }, undefined],
    ['a build', {}, { builds: [build('a')], fetches: [storePath('b')] }, undefined],
    [
      'a build where none is allowed',
      { builds: false },
      { builds: [build('a')], fetches: [] },
      { kind: 'denied', reason: /--allow-builds.*a\.drv/ },
    ],
    [
      'a fetch where no build is allowed',
      { builds: false },
      { builds: [], fetches: [storePath('b')] },
      undefined,
    ],
    [
      'a build that fetches where no fetch is allowed',
      { fetches: false },
      { builds: [build('a')], fetches: [storePath('b')] },
      { kind: 'denied', reason: /fetches are not allowed/ },
    ],
    [
      'a dependency that is denied',
      { deny: patterns('openssl-1.*') },
      { builds: [build('a')], fetches: [storePath('openssl-1.1')] },
      { kind: 'denied', reason: /openssl-1\.1/ },
    ],
    [
      'a dependency that nobody asked for by name',
      { allow: patterns('a') },
      { builds: [build('a'), build('gcc')], fetches: [] },
      undefined,
    ],
    [
      'a system without builder',
      { systems: ['x86_64-linux'] },
      { builds: [build('a'), build('b', 'riscv64-linux')], fetches: [] },
      {
        kind: 'no-builder',
        reason: 'no builder for riscv64-linux, which b needs; there are some for x86_64-linux',
      },
    ],
    [
      'what Nix itself does',
      { systems: ['x86_64-linux'] },
      { builds: [build('fetchurl', 'builtin')], fetches: [] },
      undefined,
    ],
  ] as const) {
    const objection = objectionToPlan({ ...OPEN, ...policy }, plan)
    if (expected === undefined) t.equal(objection, undefined, what)
    else t.match(objection, expected, what)
  }
})

void t.test('Nix is asked for a plan only where it matters', async (t) => {
  t.equal(needsPlan(OPEN), false)
  t.equal(needsPlan({ ...OPEN, allow: patterns('a') }), false)
  for (const policy of [
    { builds: false },
    { fetches: false },
    { deny: patterns('a') },
    { systems: ['x86_64-linux'] },
  ])
    t.equal(needsPlan({ ...OPEN, ...policy }), true)
})
