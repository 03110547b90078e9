/**
 * Texts that kubectl's reader of YAML is asked about: the same ones each time, made by a seeded generator from what is
 * known to differ between readers.
 */

export const YAML_WORDS =
  'y Y yes Yes YES n N no No NO on On ON off Off OFF true True TRUE tRUE false False FALSE null Null NULL nULL ~ .inf .Inf -.inf +.inf .nan .NaN -.nan = << 0 -0 +0 00 007 08 09 0o7 0O7 0o8 -0o7 +0o7 0x1F 0X1f 0x -0x1f 0xg 0b11 0B11 0b2 -0b11 0b 0b-1 0b+1 -0b-1 1_000 _1 1_ 0x_f 0b1_0 1__0 1.0 1. .5 -.5 +.5 . .. ... -. 1e3 1E3 1e+3 1e-3 1e400 -1e400 1e-400 .5e3 .e3 1_0.5 1.5_0 12:30 12:30:45 190:20:30 1:1 -1:30 2001-01-01 2001-1-1 2001-13-01 2001-02-30 2001-01-01T00:00:00Z 2001-1-1t1:2:3Z 2001-01-01T25:00:00Z 2001-12-14T21:59:43.10-05:00 2030-03-25T13:37:11Z 9007199254740991 9007199254740992 9007199254740993 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551615 18446744073709551616 +18446744073709551615 0x7fffffffffffffff 0xffffffffffffffff 0x10000000000000000 01777777777777777777777 1.7976931348623157e308 1.8e308 5e-324 1e21 1e20 123456789012345678901234567890 0.1 0.30000000000000004 100000000000000000000000 1.10 3.0 1e1 -1 +1 - -- --1 +-1 ++1 1- 1+1 10m 1Gi 1.5Gi 0.5 1,000 1k 5s v1 1.2.3 1.2.3.4 0.0.0.0 ::1 a:b a:: http://a/b:1 $x ${x} {{x}} @x `x %x &x *x !x |x >x ?x ? : ,x ]x }x [x {x #x x#y x\\ny é 日本 🙂 \u0085 \u2028 \ufeff \u00a0 infinity Infinity NaN nan inf +inf -inf 0x1p4 0x1.8p1 1p4 0_7 0_8 0o_7 0888 0777_ --- -1_000 +0x1f +0b1 +007 -007 2001-01-01. 2001 200-1-1 20010-1-1 1f 1d 0x1.0 08.5 08e1 0e0 0e1 1e 1e+ e1 E5'.split(
    ' ',
  )

const TAGS = [
  '!!str',
  '!!int',
  '!!float',
  '!!bool',
  '!!null',
  '!!timestamp',
  '!!binary',
  '!',
  '!foo',
  '!!foo',
  '!!set',
]
const TAGGED =
  '1|1.5|0x1f|true|no|x|""|"1"|\'1\'|"true"|~|null|aGVsbG8=|aGVsbG8|"aGVs\\nbG8="|/w==|2001-01-01|"2001-01-01"|18446744073709551615|9223372036854775807|.inf|1e3|08'.split(
    '|',
  )

/** Each is a document, or several. */
const DOCUMENTS: readonly string[] = [
  '',
  '\n',
  '# comment',
  '---',
  '---\n---\n',
  'a: b\n---\n---\nc: d',
  '--- # comment\na: b',
  '---\t# comment\na: b',
  '--- a: b',
  '---a',
  '--- {a: b}',
  '--- |\n x',
  'a: b\n---\ttext\nc: d',
  'a: b\n--- text\nc: d',
  'a: b\n----\nc: d',
  'a: b\n...\n',
  'a: b\n...\n---\nc: d',
  'a: b\n...\nc: d',
  'a: b\n ---\nc: d',
  'a: |\n  x\n---\nb: 1',
  'a: |\n  ---\n  x',
  '%YAML 1.1\n---\na: b',
  '%TAG ! tag:example.org,2000:\n---\na: !x b',
  '\ufeffa: b',
  '\ufeff---\na: b',
  'a: b\n---\n\ufeffc: d',
  'a: \ufeffb',
  '\ufeff{"a": 1}',
  'a: b\r\nc: d\r\n',
  'a: b\r\n---\r\nc: d\r\n',
  'a: |\r\n  x\r\n  y\r\n',
  'a: b\rc: d',
  'null',
  '~',
  'text',
  '5',
  '[a, b]',
  '- a\n- b',
  '"quoted"',
  '{}',
  '{} {}',
  '{"a": 1}{"b": 2}',
  '{"a": 1}\n{"b": 2}\n',
  '{"a": 1}\n---\n{"b": 2}\n',
  '{"a": 1}\n---\nb: 2\n',
  '{"a": 1}{"b": 2}\nc: 3',
  '{"a": 1}{"b": 2}{"c": x}',
  '{"a": 1,}',
  '{"a": x}',
  '{a: b}\n---\n{"c": 1}',
  ' {"a": "\\u00e9\\ud83d\\ude00 \\/"}',
  '{"a": 9007199254740993, "b": 1.0, "c": 1e-7, "d": 18446744073709551616}',
  '{"a": 1, "a": 2}',
  'a: 1\na: 2',
  'a: 1\n"a": 2',
  'a: 1\nb: {c: 1, c: 2}\n---\nd: 1',
  'x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}',
  'x: &x {a: 1, b: 2}\ny: {b: 3, <<: *x}',
  'x: &x {a: 1}\nz: &z {a: 2, c: 3}\ny: {<<: [*x, *z]}',
  'x: &x {a: 1}\nz: &z {a: 2, c: 3}\ny: {<<: *x, <<: *z}',
  'x: &x [1]\ny: {<<: *x}',
  'y: {<<: null}',
  'y: {<<: {a: 1}}',
  'y: {<<: [{a: 1}, {a: 2, b: 1}]}',
  'y: {"<<": {a: 1}}',
  'y: {!!merge <<: {a: 1}}',
  'a: &a [*a]',
  'a: *b',
  'a: &a 1\nb: *a\nc: &a 2\nd: *a',
  '&a a: *a',
  '*a : b',
  'a: &a b\n*a : c',
  'a: &a 1\n*a : c',
  'a: &a\nb: *a',
  '? a\n: b',
  '? [a]\n: b',
  '? {a: b}\n: c',
  '? a',
  '? |\n  x\n: y',
  ': a',
  'a:',
  'a:\nb:',
  '- \n- a',
  '-',
  '- - a\n  - b',
  '-\ta',
  '-\n  a',
  'a:\n- b\n- c',
  'a:\n  - b\n c: d',
  'a:\n\tb: c',
  'a:\tb',
  'a: b\t# c',
  'a: b #c',
  'a: b#c',
  'a: "b" #c',
  'a: "b"#c',
  'a: [b]#c',
  'a: [b,c]',
  'a: [b, c,]',
  'a: [,]',
  'a: [b,,c]',
  'a: {b}',
  'a: {b, c: d}',
  'a: {b:c}',
  'a: {b: c, }',
  'a: {"b":c}',
  'a: {"b":1,"c":[2,"d"]}',
  'a: ["b":c]',
  'a: [b: c, d]',
  'a: [? b : c]',
  'a: [\nb,\nc\n]',
  'a: {\n  b: c\n}',
  'a: {\nb: c\n}',
  'a: [\n\tb\n]',
  'a: {\n\t"b": 1\n}',
  '{\n\t"a": [\n\t\t1\n\t]\n}',
  'a: b: c',
  'a: b\n  c',
  'a: b\n  c: d',
  'a: b\nc',
  'a: "b\n  c\n\n  d"',
  "a: 'b\n  c'",
  'a: "b\nc"',
  "a: 'it''s'",
  'a: "\\a\\b\\e\\f\\n\\r\\t\\v\\0\\x41\\u00e9\\U0001F600\\_\\N\\L\\P\\ \\\\\\""',
  'a: "\\/"',
  'a: "\\q"',
  'a: "\\ud83d\\ude00"',
  'a: "\\x0"',
  'a: "x\\\n  y"',
  'a: |\n  x\n y',
  'a: |\n x\n  y\n',
  'a: |2\n   x\n  y',
  'a: |-\n  x\n\n',
  'a: |+\n  x\n\n',
  'a: |+2\n  x\n',
  'a: |2+\n  x\n',
  'a: |0\n  x\n',
  'a: |x\n  x\n',
  'a: | # c\n  x\n',
  'a: |#c\n  x\n',
  'a: >\n  x\n  y\n\n  z\n   w\n  v\n',
  'a: >-\n  x\n\n\n  y',
  'a: |\n\n  x\n',
  'a: |\n   \n  x\n',
  'a: |\n\tx\n',
  'a: |\n  \tx\n',
  'a: |\n',
  'a: |\nb: c',
  '- |\n x\n- y',
  'a: !!str 1\nb: !!int "2"\nc: !foo [1]\nd: !!map {a: b}\ne: !!seq [1]',
  'a: !e!foo b',
  'a: !<tag:yaml.org,2002:int> 3',
  'a: !<tag:yaml.org,2002:str> 3',
  'a: &x !!str 1\nb: !!str &y 2\nc: [*x, *y]',
  'a: &x\n  b: c\nd: *x',
  'a: @b',
  'a: `b',
  'a: %b',
  '%a: b',
  'a: -b',
  'a: - b',
  'a: ?b',
  'a: ? b',
  'a: :b',
  'a: b:',
  'a: b :c',
  'a : b',
  'a :b',
  'a:b',
  '"a":b',
  '"a": b',
  "'a' : b",
  '"a\n b": c',
  'a\n b: c',
  '[a, b]: c',
  '{a: b}: c',
  '{a: b}\n',
  '[a]\nb',
  'a: [b\nc: d',
  'a: {b: c',
  'a: ]',
  'a: }',
  'a: b]',
  'a: "b',
  "a: 'b",
  'a: "b" c',
  'a: "b": c',
  'a: \u0001',
  'a: \u007f',
  'a: \u0085b',
  'a: b\u2028c',
  'a: "b\u2028c"',
  'a: \ufffe',
  'a: b\u0000',
  '\u0000',
  'a: \u009f',
  'a: é\nü: ö',
  '1: a\n2: b',
  '1: a\n"1": a',
  '1.5: a',
  '1e3: a',
  '0.1: a',
  '100000000.0: a',
  '1e21: a',
  '1e-7: a',
  '123456.789: a',
  '3.4e39: a',
  '-0.0: a',
  'true: a\nno: b\non: c',
  'y: 1\nn: 2',
  'null: a',
  '~: a',
  '? : a',
  '2001-01-01: a',
  '0x10: a\n010: b',
  '9007199254740993: a',
  '18446744073709551615: a',
  '.inf: a\n-.inf: b\n.nan: c',
  'a: .inf',
  'a: [.nan]',
  `${'k'.repeat(1100)}: v`,
  `{${'k'.repeat(1100)}: v}`,
  `? ${'k'.repeat(1100)}\n: v`,
  `a: ${'['.repeat(100)}${']'.repeat(100)}`,
  `a: [${Array.from({ length: 200 }, (_, i) => i).join(', ')}]`,
  'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n',
]

const REAL = `# a comment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: &labels {app: web, "version": '1.10', on: "yes"}
spec:
  replicas: 2
  selector:
    matchLabels: *labels
  template:
    metadata: {labels: *labels}
    spec:
      containers:
      - name: web
        image: "example.org/web:1"
        args: [ "--port=80", '--x', -y ]
        command:
          - sh
          - -c
          - |
            if true; then
              echo "a: b"
            fi
        env:
        - {name: A, value: "1"}
        - name: B   # why
          value: >-
            folded
            text
        resources: {limits: {cpu: 500m, memory: 1Gi}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data:
  key: "a\\tb"
  other: plain text
`

/** Numbers from 0 to below `n`; mulberry32. */
function random(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

/** Each text once. */
export function yamlCases(): readonly string[] {
  const below = random(20)
  const pick = (from: readonly string[] | string): string => from[below(from.length)] ?? ''
  const cases = new Set<string>(DOCUMENTS)
  for (const word of YAML_WORDS) {
    cases.add(`a: ${word}`)
    cases.add(`a: [${word}]`)
    cases.add(`${word}: a`)
    cases.add(`a: "${word}"`)
  }
  for (const tag of TAGS) for (const text of TAGGED) cases.add(`a: ${tag} ${text}`)
  const scalar = () => {
    const alphabet = pick([
      '0123456789',
      '01',
      '0123456789.eE+-_',
      '0123456789abcdefxob_-+',
      '0123456789-:TZ. ',
      'yYnNoOfFtTrRuUeEsSaAlL~.',
      'ab:-?#, \'"&*!|>%@',
    ])
    return Array.from({ length: 1 + below(12) }, () => pick(alphabet)).join('')
  }
  for (let i = 0; i < 2500; i++) cases.add(`a: ${scalar()}`)
  for (let i = 0; i < 300; i++) cases.add(`${pick('0123456789')}${scalar()}: a`)
  const value = (depth: number): string => {
    const kind = below(depth > 3 ? 3 : 6)
    if (kind <= 1) return pick(YAML_WORDS)
    if (kind === 2) return pick(['"x"', "'y'", '*a', '&a z', '"\\n"', '""', '!!str 1', 'plain text'])
    const items = Array.from({ length: below(4) }, () => value(depth + 1))
    return kind === 3
      ? `[${items.join(', ')}]`
      : `{${items.map((item) => `${pick(['a', 'b', 'c', '<<', '1', 'yes'])}: ${item}`).join(', ')}}`
  }
  const block = (indent: string, depth: number): string => {
    const isList = below(2) === 0
    return Array.from({ length: 1 + below(3) }, () => {
      const head = isList ? '-' : `${pick(['a', 'b', 'c', 'd', '1', 'on', '"q"'])}:`
      const below4 = below(4)
      if (depth < 3 && below4 === 0) return `${indent}${head}\n${block(`${indent}  `, depth + 1)}`
      const comment = below4 === 1 ? ' # c' : ''
      return `${indent}${head} ${pick(['', '&a ', ''])}${value(depth)}${comment}\n`
    }).join('')
  }
  for (let i = 0; i < 600; i++) cases.add(block('', 0))
  for (let i = 0; i < 1500; i++) {
    const at = below(REAL.length)
    const made = pick([
      ' ',
      '\t',
      '\n',
      ':',
      '-',
      '#',
      '"',
      "'",
      '{',
      '}',
      '[',
      ']',
      ',',
      '&',
      '*',
      '!',
      '|',
      '>',
      '%',
      '@',
      '`',
      '?',
      'x',
      '1',
      '\r',
      '  ',
      '',
      '',
    ])
    // What is around the change, so that the answers stay small.
    const lines = (REAL.slice(0, at) + made + REAL.slice(at + below(3))).split('\n')
    const line = REAL.slice(0, at).split('\n').length - 1
    cases.add(lines.slice(Math.max(0, line - 4), line + 5).join('\n'))
    if (i % 30 === 0) cases.add(lines.join('\n'))
  }
  return [...cases]
}
