/** What Go's regexp answers; the expectations are its own (Go 1.26). */
import t from 'tap'
import { goRegexp } from '../../src/layer/go-regexp.ts'
import { processorMs } from '../support/processor-time.ts'

void t.test('replaces as Go does', async (t) => {
  for (const [source, text, template, expected] of [
    ['(\\w+)-(\\w+)', 'ab-cd', '$2_$1', 'ab'],
    ['(\\w+)-(\\w+)', 'ab-cd', '${2}_$1', 'cd_ab'],
    ['(?P<a>\\w+)-(\\w+)', 'ab-cd', '$a|$$|$9|\\n|$', 'ab|$||\\n|$'],
    ['', 'abc', '-', '-a-b-c-'],
    ['b*', 'abc', '-', '-a-c-'],
    ['^/x', '/x/x', '', '/x'],
    ['x', 'xx', 'y', 'yy'],
    ['$', 'ab', '!', 'ab!'],
    ['z', 'ab', 'y', 'ab'],
    ['😀*', 'a😀b', '-', '-a-b-'],
  ] as const) {
    t.equal(goRegexp(source).replaceAll(text, template), expected, `${source} in ${text} by ${template}`)
  }
})

void t.test('searches anywhere, as RE2 does', async (t) => {
  for (const [source, text, expected] of [
    ['.*', '', true],
    ['bin', '/nix/store/x/bin/y', true],
    ['^bin', '/nix/store/x/bin/y', false],
    ['\\.txt$', 'a.txt', true],
    ['gtk+3', 'gtk+3', false],
    ['[[:upper:]]', 'aB', true],
    ['(?i)abc', 'xABCx', true],
    ['\\pL', 'ü', true],
  ] as const)
    t.equal(goRegexp(source).isIn(text), expected, `${source} in ${text}`)
})

void t.test('refuses what RE2 refuses, and what is too large', async (t) => {
  for (const [source, says] of [
    ['(', /missing closing/],
    ['c++', /invalid nested repetition/],
    ['(a)\\1', /invalid escape sequence/],
    ['(?=a)', /invalid or unsupported Perl syntax/],
    ['((a{100}){100}){100}', /invalid repeat count/],
    ['a'.repeat(1025), /more than 1024 characters/],
    ['(abcdefghij){1000}', /too large/],
  ] as const)
    t.throws(() => goRegexp(source), { message: says }, source.slice(0, 30))
  t.doesNotThrow(() => goRegexp(`^/nix/store/${'a'.repeat(244)}`), 'the longest store path')
})

void t.test('takes no more time where others would never end', async (t) => {
  const taken = processorMs(() => {
    t.notOk(goRegexp('^(a+)+$').isIn(`${'a'.repeat(4000)}b`))
    t.notOk(goRegexp('(x+x+)+y').isIn('x'.repeat(4000)))
  })
  // By backtracking 2^4000 steps; here some milliseconds.
  t.ok(taken < 10_000)
})
