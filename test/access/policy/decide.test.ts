import t from 'tap'
import { decide, explain, type PolicyQuestion } from '../../../src/access/policy/decide.ts'
import { comparableName, parseRules } from '../../../src/access/policy/policy-rule.ts'
import { parseStoreHash, type StoreHash } from '../../../src/core/nix/store-path.ts'
import { processorMs } from '../../support/processor-time.ts'

const hash = parseStoreHash('0123456789abcdfghijklmnpqrsvwxyz') ?? t.bailout('no hash')

function rulesOf(rules: readonly object[]) {
  return parseRules(rules, ([i = '0']) => `auth.yaml:${Number(i) + 2}:3`)
}

function allowed(rules: readonly object[], question: Partial<PolicyQuestion>): string {
  const decision = decide(rulesOf(rules), { subject: 'user:ci', hash: hash as StoreHash, ...question })
  return decision.kind === 'open' ? `open: ${decision.needs.join(' ')}` : [...decision.allow].join(' ')
}

void t.test('the first rule that matches counts', async (t) => {
  const all = { allow: ['pull', 'fetch', 'build'] }
  for (const [what, rules, question, expected] of [
    ['no rules: nothing', [], {}, ''],
    ['no conditions: everything', [all], {}, 'pull fetch build'],
    ['another subject', [{ subjects: ['user:other'], allow: ['pull'] }], {}, ''],
    ['a pattern of subjects', [{ subjects: ['user:*'], allow: ['pull'] }], {}, 'pull'],
    ['a name', [{ names: ['web-*'], allow: ['pull'] }], { name: 'web-1' }, 'pull'],
    ['another name', [{ names: ['web-*'], allow: ['pull'] }], { name: 'cobweb-1' }, ''],
    [
      'a derivation is named without .drv',
      [{ names: ['web'], allow: ['pull'] }],
      { name: 'web.drv' },
      'pull',
    ],
    ['a name in its form of image names', [{ names: ['Web_1*'], allow: [] }, all], { name: 'web_1.0' }, ''],
    ['a name that is not known yet', [{ names: ['web-*'], allow: ['pull'] }, all], {}, 'open: name'],
    ['a hash', [{ hashes: [hash], allow: ['pull'] }], {}, 'pull'],
    ['another hash', [{ hashes: ['1'.repeat(32)], allow: ['pull'] }], {}, ''],
    ['a denial before', [{ names: ['secret-*'], allow: [] }, all], { name: 'secret-x' }, ''],
    ['a system', [{ systems: ['x86_64-linux'], allow: ['pull'] }], { systems: ['x86_64-linux'] }, 'pull'],
    [
      'one of two systems',
      [{ systems: ['x86_64-linux'], allow: ['pull'] }],
      { systems: ['x86_64-linux', 'aarch64-linux'] },
      '',
    ],
    ['a system that is not known yet', [{ systems: ['x86_64-linux'], allow: ['pull'] }], {}, 'open: systems'],
    [
      'no signature',
      [{ keys: [`k:${Buffer.alloc(32).toString('base64')}`], allow: ['pull'] }],
      {},
      'open: keys',
    ],
  ] as const)
    t.equal(allowed(rules, question), expected, what)
})

void t.test('names are compared in one form', async (t) => {
  for (const [given, expected] of [
    ['Web', 'web'],
    ['web+1', 'web-1'],
    ['web*', 'web*'],
    ['?Web+*', '?web-*'],
  ] as const)
    t.equal(comparableName(given), expected)
})

void t.test('an explanation ends with the decision', async (t) => {
  const rules = rulesOf([
    { subjects: ['user:other'], allow: ['pull'] },
    { names: ['web'], allow: ['pull', 'fetch'] },
  ])
  const question = { subject: 'user:ci', hash: hash as StoreHash, name: 'web' }
  t.same(explain(rules, question), [
    'auth.yaml:2:3: does not match: user:ci is none of user:other',
    'auth.yaml:3:3: matches, allows pull, fetch',
  ])
  t.same(explain([], question), ['no rule matches: denied'])
})

void t.test('a thousand rules cost microseconds', async (t) => {
  const rules = rulesOf(
    Array.from({ length: 1000 }, (_, i) => ({
      subjects: [`user:${i}`],
      names: [`team-${i}-*`],
      allow: ['pull'],
    })),
  )
  const question = { subject: 'user:999', hash: hash as StoreHash, name: 'team-999-web' }
  for (let i = 0; i < 100; i++) decide(rules, question)
  const taken = processorMs(() => {
    for (let i = 0; i < 100; i++) decide(rules, question)
  })
  const microseconds = (taken / 100) * 1000
  t.equal(decide(rules, question).kind, 'decided')
  t.ok(microseconds < 2000, `${microseconds.toFixed(0)} µs`)
})
