import t from 'tap'
import { parse } from 'yaml'
import { evaluateAll, root, withoutNix } from '../../nix/nix-command.ts'

/** Each is nasty for somebody's reader of YAML. */
const STRINGS = [
  ['', 'a', ' ', ' a', 'a ', '\t', '\n', 'a\n', '\na', 'a\nb', 'a\r\nb', 'a\n\n b\n', '  indented\n    more'],
  [
    'no',
    'No',
    'NO',
    'yes',
    'on',
    'Off',
    'y',
    'N',
    'true',
    'True',
    'FALSE',
    'null',
    'Null',
    '~',
    'nan',
    '.inf',
  ],
  [
    '0',
    '012',
    '0o14',
    '0x1f',
    '1e3',
    '1.5',
    '.5',
    '-1',
    '+1',
    '1_000',
    '190:20:30',
    '2026-11-21',
    '1.',
    'e3',
  ],
  [
    '- a',
    '-',
    '? a',
    'a: b',
    'a:',
    ':a',
    'a #b',
    '#a',
    '&a',
    '*a',
    '!a',
    '!!str',
    '|',
    '>',
    '%a',
    '@a',
    '`a`',
  ],
  ['"a"', "'a'", 'a"b', "it's", '\\', '\\n', 'a\\', '[a]', '{a}', 'a,b', '[', '}', '---', '...', '<<', '='],
  [
    'grün',
    '日本',
    '🙂',
    '\u0001',
    '\u007f',
    '\u0080',
    '\u0085',
    '\u009f',
    '\u2028',
    '\u2029',
    '\ufeff',
    '\ufffe',
  ],
  ['a:b', 'nix.internal/nix/store/abc:nix', '/bin/sh', 'a@b=c', 'a+b', 'a-', 'x'.repeat(5000)],
].flat()

const VALUES: readonly unknown[] = [
  {},
  [],
  { a: {} },
  { a: [], b: null, c: true, d: 0, e: -1.5, f: 1e30 },
  { list: [1, 'a', [], {}, [[1, 2], [3]], { a: 1, b: [{ c: 2 }] }] },
  [{ a: { b: { c: ['d'] } } }, [['x']]],
  // A key without `?` ends at 1024 characters (YAML 1.2, 7.4.2).
  Object.fromEntries(STRINGS.filter((text) => text.length < 1000).map((text) => [text, text])),
]

/** Read as YAML 1.2 and as 1.1, which Kubernetes reads. */
function readBoth(text: unknown): readonly unknown[] {
  return (['1.2', '1.1'] as const).map((version): unknown => parse(String(text), { version }))
}

function inNix(value: unknown): string {
  return `import ${root}manifests/output/yaml.nix (builtins.fromJSON ${nixString(JSON.stringify(value))})`
}

function nixString(text: string): string {
  return `"${text.replace(/[\\"$]/g, '\\$&')}"`
}

void t.test('every string is read back as it was', { skip: withoutNix }, async (t) => {
  const texts = await evaluateAll(STRINGS.map((text) => inNix({ key: [text] })))
  for (const [i, text] of STRINGS.entries()) {
    const expected = { key: [text] }
    t.same(readBoth(texts[i]), [expected, expected], `string ${i}`)
  }
})

void t.test(
  'every structure is read back as it was, strings as keys too',
  { skip: withoutNix },
  async (t) => {
    const texts = await evaluateAll(VALUES.map(inNix))
    for (const [i, value] of VALUES.entries()) t.same(readBoth(texts[i]), [value, value])
  },
)

void t.test('it is what people write', { skip: withoutNix }, async (t) => {
  const [text] = await evaluateAll([
    inNix({ kind: 'Pod', spec: { containers: [{ image: 'a.b/c:1', name: 'no', ports: [80] }], none: [] } }),
  ])
  t.equal(
    text,
    'kind: Pod\nspec:\n  containers:\n    - image: a.b/c:1\n      name: "no"\n      ports:\n        - 80\n  none: []\n',
  )
})

void t.test('references stay', { skip: withoutNix }, async (t) => {
  const [asText, pretty] = await evaluateAll(
    ['yaml', 'pretty-json'].map(
      (writer) =>
        `builtins.attrNames (builtins.getContext (import ${root}manifests/output/${writer}.nix { a = [ hello "x\${hello}" ]; }))`,
    ),
  )
  t.match(asText, [/-hello\.drv$/])
  t.same(pretty, asText)
})
