import t from 'tap'
import { parse } from 'yaml'
import { readDocuments } from '../../src/kubernetes/read/read-documents.ts'
import { writeYaml, type Writable } from '../../src/kubernetes/write-yaml.ts'
import { askReader, buildReader } from '../support/kubernetes-yaml/program.ts'
import { goAnswer } from '../support/kubernetes-yaml/answer.ts'
import { YAML_WORDS } from '../support/kubernetes-yaml/cases.ts'

/** Beside the words: what is nasty at an end, within, or on lines. */
const PARTS = [
  '',
  ' ',
  '\t',
  '\n',
  '\r',
  '\u0001',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\ufffe',
  '🙂',
  'é',
  '#',
  ': ',
  ' #',
  '- ',
  '|',
  '"',
  "'",
  '\\',
  '---',
  '...',
  '<<',
  '=',
  '%',
  '@',
  '`',
  'x',
]

function* texts(): Generator<string> {
  yield* YAML_WORDS
  for (const a of PARTS)
    for (const b of PARTS) yield* [`${a}${b}`, `x${a}${b}`, `${a}x${b}`, `x\n${a}x${b}\n`, `${a}\nx${b}\n`]
}

const values: readonly Writable[] = [
  {
    args: [
      '-c',
      '--port=80',
      '-',
      '--',
      '-y',
      '-1',
      '-inf',
      '-e5',
      '100m',
      '1Gi',
      '1.5Mi',
      '1E',
      '1e5m',
      '10-namespace-z.yaml',
      '10-e5',
      '2001-01-01',
      '200-a',
    ],
  },
  ...[...new Set(texts())].map((text) => ({ text, [text]: 1, list: [text, [text], { [text]: text }] })),
  {},
  [],
  { a: {}, b: [], c: [[]], d: [{}], e: [[1, [2]], [{ f: { g: null } }]] },
  { a: 1, b: 1.5, c: 1e21, d: 1e-7, e: -0.5, f: true, g: null, h: 9007199254740991 },
]

void t.test(
  'what is written is read the same by readers of YAML 1.1, of YAML 1.2, and our own',
  async (t) => {
    t.ok(values.length > 2000, `${values.length} values`)
    for (const value of values) {
      const text = writeYaml(value)
      const json = JSON.stringify(value)
      for (const version of ['1.1', '1.2'] as const) {
        const read: unknown = parse(text, { version, logLevel: 'silent' })
        if (JSON.stringify(read) !== json)
          t.equal(JSON.stringify(read), json, `${version}: ${JSON.stringify(text)}`)
      }
      const [document] = readDocuments(text)
      if (JSON.stringify(document?.value) !== json)
        t.equal(JSON.stringify(document?.value), json, JSON.stringify(text))
    }
  },
)

void t.test('and by kubectl', async (t) => {
  const built = await buildReader(t.testdir())
  if ('missing' in built) {
    t.pass(`skipped: ${built.missing}`)
    return
  }
  const expected = values.map((value) => goAnswer(JSON.stringify({ documents: [value] })))
  const found = await askReader(built.program, values.map(writeYaml))
  for (const [i, answer] of found.entries())
    if (answer !== expected[i]) t.equal(answer, expected[i], writeYaml(values[i]))
  t.equal(found.length, values.length)
})

void t.test('it is what people write', async (t) => {
  for (const [value, text] of [
    [
      { env: { DEBUG: 'off', FEATURE: 'yes', N: 'n', BITS: '0b11', GROUPED: '1_000' } },
      'env:\n  DEBUG: "off"\n  FEATURE: "yes"\n  "N": "n"\n  BITS: "0b11"\n  GROUPED: "1_000"\n',
    ],
    [{ a: [{ b: 'c', d: ['e', 1] }, 'f/g:h'] }, 'a:\n  - b: c\n    d:\n      - e\n      - 1\n  - f/g:h\n'],
    [{ script: 'set -e\n\n  echo a\n' }, 'script: |\n  set -e\n\n    echo a\n'],
    [
      { a: '12:30:00', b: '2001-01-01', c: '~', d: '.5', e: '' },
      'a: "12:30:00"\nb: "2001-01-01"\nc: "~"\nd: ".5"\ne: ""\n',
    ],
  ] as const) {
    t.equal(writeYaml(value), text)
  }
})
