import t from 'tap'
import { parseDocuments } from '../../../src/kubernetes/references/yaml-documents.ts'
import { processorMs } from '../../support/processor-time.ts'

const plain = (text: string) => JSON.parse(JSON.stringify(parseDocuments(text, 'x.yaml'))) as unknown

void t.test('documents, as they are separated', async (t) => {
  for (const [text, expected] of [
    ['', []],
    ['# nothing but a comment\n', []],
    ['a: b', [{ a: 'b' }]],
    ['---\na: b\n---\nc: d\n', [{ a: 'b' }, { c: 'd' }]],
    ['---\na: b\n...\n---\n---\nc: d\n', [{ a: 'b' }, '', { c: 'd' }]],
    ['%YAML 1.1\n---\na: b\n', [{ a: 'b' }]],
    ['\uFEFFa: b\n', [{ a: 'b' }]],
    ['a: b\r\n---\r\nc: d\r\n', [{ a: 'b' }, { c: 'd' }]],
    ['{"a": ["b", 1, true, null]}', [{ a: ['b', 1, true, null] }]],
    [' \n[{"a": "b"}]\n', [[{ a: 'b' }]]],
    ['{a: b}', [{ a: 'b' }]],
  ] as const) {
    t.strictSame(plain(text), expected, JSON.stringify(text))
  }
})

void t.test('scalars stay what was written', async (t) => {
  for (const [text, expected] of [
    ['a: 1.10', '1.10'],
    ['a: no', 'no'],
    ['a: ~', '~'],
    ['a: "b # c"', 'b # c'],
    ["a: 'it''s'", "it's"],
    ['a: b # c', 'b'],
    ['a: >-\n  b\n  c', 'b c'],
    ['a: !secret b', 'b'],
    ['a: !!binary b', null],
  ] as const) {
    t.strictSame(plain(text), [{ a: expected }], text)
  }
})

void t.test('aliases share what they stand for', async (t) => {
  t.strictSame(plain('a: &x {b: c}\nd: *x\n'), [{ a: { b: 'c' }, d: { b: 'c' } }])
  t.strictSame(plain('a: &x b\nc: &x d\ne: *x'), [{ a: 'b', c: 'd', e: 'd' }], 'the last anchor counts')
  let text = 'a0: &a0 [x, x]\n'
  for (let i = 1; i < 60; i++)
    text += `a${i}: &a${i} [${Array(9)
      .fill(`*a${i - 1}`)
      .join(', ')}]\n`
  const taken = processorMs(() => t.equal(parseDocuments(`${text}? *a59\n: y`, 'bomb.yaml').length, 1))
  t.ok(taken < 5000, 'a bomb of 9^59 values is as large as its text')
  t.equal(parseDocuments('a: &x [*x]', 'x.yaml').length, 1, 'and one may hold itself')
})

void t.test('keys are only keys', async (t) => {
  const [value] = parseDocuments('__proto__: {a: b}\n? [c, d]\n: e\n', 'x.yaml')
  t.strictSame(Object.entries(value ?? {}).length, 2)
  t.notOk('a' in Object(value))
})

void t.test('a broken document names its place', async (t) => {
  for (const [text, line, column, says] of [
    ['kind: Pod\nmetadata:\n  name: x\n spec: y\n', 4, 1, /same column/],
    ['a:\n\tb: c\n', 2, 1, /[Tt]abs/],
    ['a: {b: c\n', 2, 1, /flow/i],
    ['a: "b\n', 2, 1, /quote/],
    ['a: b\n---\nc: *x\n', 3, 4, /no anchor before this alias: x/],
    ['{"a": "b",\n "c": [1,\n}', 3, 1, /flow/i],
    ['a: b: c\n', 1, 4, /nested mappings/i],
    [`a: ${'['.repeat(600)}${']'.repeat(600)}`, 1, 504, /nested too deeply/],
    ['['.repeat(10_000), 1, undefined, /nested too deeply/],
  ] as const) {
    t.throws(
      () => parseDocuments(text, 'deploy.yaml'),
      {
        name: 'RegistryError',
        kind: 'manifest-invalid',
        message: new RegExp(`^deploy\\.yaml:${line}:${column ?? '[0-9]+'}: .*${says.source}`, says.flags),
        detail: { source: 'deploy.yaml', line, ...(column === undefined ? {} : { column }) },
      },
      JSON.stringify(text.slice(0, 60)),
    )
  }
})
