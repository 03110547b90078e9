import t from 'tap'
import { readValues } from '../../src/catalogue/read-values.ts'

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['broken YAML', 'a: [\n', /^v\.yaml:\d+:\d+: /],
  ['two documents', 'a: 1\n---\nb: 2\n', /^v\.yaml:3: a second document, expected one$/],
  [
    'a number that loses digits',
    'a: 1\nb:\n- 9007199254740993\n',
    /^v\.yaml:3: 9007199254740993 is larger than 2\^53/,
  ],
  ['no number', 'a: .nan\n', /^v\.yaml:1:4: .* which JSON doesn’t have/],
]

void t.test('YAML and JSON are values, with the lines of fields', (t) => {
  const given = readValues('# page\na:\n  b: yes\n  c: [1, x]\n', 'v.yaml')
  if (given.kind === 'refused') throw new Error(given.messages.join())
  t.strictSame(given.values, { a: { b: true, c: [1, 'x'] } })
  t.equal(given.placeOf(['a', 'c', 1]), 'v.yaml:4')
  t.equal(given.placeOf(['a', 'd']), 'v.yaml:3')
  t.match(readValues('{"a": 1}', 'v.json'), { kind: 'values', values: { a: 1 } })
  t.match(readValues('# nothing\n', 'v.yaml'), { kind: 'values', values: {} })
  t.end()
})

void t.test('what can’t be values is refused with its place', (t) => {
  for (const [what, text, message] of REFUSED) {
    const given = readValues(text, 'v.yaml')
    t.equal(given.kind, 'refused', what)
    t.match(given.kind === 'refused' ? given.messages[0] : '', message, what)
  }
  t.end()
})
