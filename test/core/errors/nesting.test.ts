import t from 'tap'
import { MAX_DEPTH, jsonExcess } from '../../../src/core/errors/nesting.ts'
import { assertShallowYaml, yamlTooDeepAt } from '../../../src/core/errors/yaml-nesting.ts'
import { processorMs } from '../../support/processor-time.ts'

const DEEP = MAX_DEPTH + 1
/** Measured at tens of milliseconds; what is quadratic takes hours. */
const TIME_LIMIT_MS = 5_000

void t.test('YAML that is nested too deeply', async (t) => {
  for (const [name, text, at] of [
    ['lists', '['.repeat(DEEP), MAX_DEPTH],
    ['maps', `a: ${'{b: '.repeat(DEEP)}`, 3 + 4 * MAX_DEPTH],
    ['lists of lists on one line', '- '.repeat(DEEP), 2 * MAX_DEPTH],
    ['keys of keys', '? '.repeat(DEEP), 2 * MAX_DEPTH],
    ['keys of lists', '- ? '.repeat(DEEP), 4 * (MAX_DEPTH / 2)],
    ['values of values', ': '.repeat(DEEP), 2 * MAX_DEPTH],
    ['brackets between closed ones in strings', '[ "]]", '.repeat(DEEP), 8 * MAX_DEPTH],
    ['in a later document', `a: b\n---\n${'['.repeat(DEEP)}`, 9 + MAX_DEPTH],
    ['behind a byte order mark', `\ufeff${'['.repeat(DEEP)}`, 1 + MAX_DEPTH],
    ['with line ends of Windows', `a: b\r\nc:\r\n  ${'['.repeat(DEEP)}`, 12 + MAX_DEPTH],
  ] as const) {
    t.equal(yamlTooDeepAt(text), at, name)
  }
})

void t.test('YAML that isn\u2019t', async (t) => {
  for (const [name, text] of [
    ['as deep as allowed', `${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}`],
    ['many lists', '- [a, {b: c}]\n'.repeat(DEEP)],
    ['many documents', `---\n${'['.repeat(MAX_DEPTH - 1)}\n`.repeat(3)],
    ['brackets in a block of text', `a: |\n${'  \u001b[31mred\n'.repeat(DEEP)}`],
    ['brackets in strings', `a: "${'['.repeat(DEEP)}"\nb: '${'{'.repeat(DEEP)}'`],
    ['brackets in comments', `# ${'['.repeat(DEEP)}\na: b`],
    ['brackets in plain text', `a: b${'['.repeat(DEEP)}`],
    ['lists below each other', '- - a\n'.repeat(DEEP)],
    ['a line of hyphens', `a: ${'b- - '.repeat(DEEP)}`],
    ['a list of many maps on one line', `[${'{a: 1}, '.repeat(DEEP)}]`],
    ['nothing', ''],
  ] as const) {
    t.equal(yamlTooDeepAt(text), undefined, name)
  }
})

void t.test('the place is said', async (t) => {
  t.throws(() => assertShallowYaml(`a: b\nc: ${'['.repeat(DEEP)}`, 'x.yaml'), {
    kind: 'manifest-invalid',
    message: `x.yaml:2:${4 + MAX_DEPTH}: nested too deeply`,
    detail: { source: 'x.yaml', line: 2, column: 4 + MAX_DEPTH },
  })
})

void t.test('JSON within limits', async (t) => {
  for (const [text, values, expected] of [
    ['{"a": [1, 2, "x,y,[["], "b\\"[": {}}', 7, undefined],
    ['{"a": [1, 2, "x,y,[["], "b\\"[": {}}', 6, 'values'],
    ['['.repeat(MAX_DEPTH), MAX_DEPTH + 1, undefined],
    ['['.repeat(DEEP), Infinity, 'depth'],
    ['[{}]'.repeat(DEEP), Infinity, undefined],
    ['"a', 1, undefined],
    ['"a\\', 1, undefined],
    ['', 1, undefined],
  ] as const) {
    t.equal(jsonExcess(text, values), expected, text.slice(0, 40))
  }
})

void t.test('megabytes are read in time', async (t) => {
  for (const text of [
    `a: ${'['.repeat(4_000_000)}`,
    '- ? '.repeat(1_000_000),
    `["${'\\"'.repeat(2_000_000)}`,
    '"'.repeat(2_000_000),
    '\\'.repeat(2_000_000),
    `a: ${'[]'.repeat(200_000)}`,
    `- [a]\n`.repeat(50_000),
    '--- '.repeat(500_000),
    '\n---'.repeat(500_000),
  ]) {
    const taken = processorMs(() => {
      yamlTooDeepAt(text)
      jsonExcess(text, Infinity)
    })
    t.ok(taken < TIME_LIMIT_MS, text.slice(0, 10))
  }
})
