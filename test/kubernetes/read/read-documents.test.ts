import t from 'tap'
import { readDocuments } from '../../../src/kubernetes/read/read-documents.ts'
import { ourAnswers } from '../../support/kubernetes-yaml/answer.ts'
import { yamlCases } from '../../support/kubernetes-yaml/cases.ts'
import { askReader, buildReader, recordedAnswers } from '../../support/kubernetes-yaml/program.ts'

/** Where the parser below ours isn't libyaml. How many of the cases each reason has is fixed: more is a fault. */
const DIFFERENCES: readonly { readonly why: string; readonly is: RegExp; readonly cases: number }[] = [
  { why: 'libyaml breaks lines at U+2028', is: /\u2028/, cases: 8 },
  {
    why: 'libyaml takes a tab behind - or before text in a block for an error',
    is: /^-\t|\|\n *\t/,
    cases: 2,
  },
  {
    why: 'punctuation within brackets: [::1], [!x], [?x], [-], [a::]',
    is: /[[{ ,](?:::1|!x\b|\?[xe]|-\]|- -\n)|[ax]::/,
    cases: 12,
  },
  { why: 'tags with punctuation', is: /!(?:#|a,)/, cases: 2 },
  { why: 'a key of more than 1024 characters within brackets', is: /^\{k{1025}/, cases: 1 },
  {
    why: 'quotes or brackets that go on at the margin of the map around them',
    is: /[[{"'][^\n]*[\n\r\u0085]/,
    cases: 20,
  },
]

void t.test('documents are what kubectl reads', async (t) => {
  const cases = yamlCases()
  const answers = await recordedAnswers()
  t.equal(answers.length, cases.length, 'each case has its answer')
  t.ok(cases.length > 5000, `${cases.length} cases`)
  const counts = new Map(DIFFERENCES.map(({ why }) => [why, 0]))
  for (const [i, text] of cases.entries()) {
    const kubectl = answers[i] ?? ''
    const ours = ourAnswers(text)
    if (ours.includes(kubectl)) continue
    const known = DIFFERENCES.find(({ is }) => is.test(text))
    if (known === undefined) t.equal(ours.join(' or '), kubectl, JSON.stringify(text))
    else counts.set(known.why, (counts.get(known.why) ?? 0) + 1)
  }
  t.same(
    [...counts],
    DIFFERENCES.map(({ why, cases: n }) => [why, n]),
  )
})

void t.test('the recorded answers are those of the Go library', async (t) => {
  const built = await buildReader(t.testdir())
  if ('missing' in built) {
    t.pass(`skipped: ${built.missing}`)
    return
  }
  t.same(await askReader(built.program, yamlCases()), await recordedAnswers())
})

void t.test('one broken document hides no other', async (t) => {
  const documents = readDocuments('a: [\n---\nb: 1\nb: 2\n---\nc: \u0001\n---\n--- {e: *x}\n---\nf: .inf\n')
  t.same(
    documents.map(({ value, problems }) => [
      JSON.stringify(value ?? null),
      problems.map(({ line, column }) => `${line}:${column}`),
    ]),
    [
      ['null', ['2:1']],
      ['{"b":2}', ['4:1']],
      ['null', ['6:4']],
      ['null', ['8:1', '8:9']],
      ['null', ['10:4']],
    ],
  )
})

void t.test('whole numbers keep every digit', async (t) => {
  const [document] = readDocuments(
    '[9007199254740993, 9223372036854775807, 18446744073709551615, -9223372036854775808]',
  )
  t.same(document?.value, [
    9007199254740993n,
    9223372036854775807n,
    18446744073709551615n,
    -9223372036854775808n,
  ])
})
