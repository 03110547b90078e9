/**
 * The cases of all `*.tests.nix` below manifests/ and nix/, each file beside the code that it tests. Two processes evaluate them
 * all. A table is a function of `SCOPE`, and has cases by their titles:
 *
 *   gives    `expr` has the value `expected`. An object is right by Kubernetes' schema, too.
 *   has      `expr` has the fields of `expected`, and others. A field that is null in `expected` is absent.
 *   refuses  `expr` is refused with the `message`, one line.
 *   warns    `expr` has a value, and Nix prints the `warnings`.
 */
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { evaluate, outcomes, root, withoutNix, type Outcome } from '../nix/nix-command.ts'

const SCOPE = '{ inherit manifests image imageRef jsonFile some make hello floating storeDir root; }'

const KINDS = ['gives', 'has', 'refuses', 'warns'] as const

interface Case {
  readonly file: string
  readonly kind: (typeof KINDS)[number]
  readonly title: string
  /** What is expected, and for `gives` and `has` also what was found. `success` is false if that is refused. */
  readonly facts: {
    readonly success: boolean
    readonly value: { readonly expected: unknown; readonly found?: unknown; readonly problems?: unknown }
  }
}

const files = (await Array.fromAsync(glob('{manifests,nix}/**/*.tests.nix', { cwd: root }))).toSorted()
const tables = `{ ${files.map((file) => `"${file}" = import ${join(root, file)} ${SCOPE};`).join('\n')} }`

void t.test('tables', { skip: withoutNix }, async (t) => {
  const cases = await readCases()
  // Nix's prompt tells the message of an error and the warnings, and goes on with the next case.
  const printing = cases.filter(({ kind, facts }) => kind === 'refuses' || kind === 'warns' || !facts.success)
  const printed = await outcomes(
    printing.map(({ file, kind, title }) => `tables.${[file, kind, title].map(quote).join('.')}.expr`),
    `let tables = ${tables}; in`,
  )
  const outcomeOf = new Map(printing.map((each, at) => [each, printed[at]]))
  for (const file of files)
    await t.test(file, (t) => {
      const own = cases.filter((each) => each.file === file)
      t.ok(own.length > 0, 'has cases')
      for (const each of own) check(t, each, outcomeOf.get(each))
      t.end()
    })
})

function check(t: Test, { kind, title, facts }: Case, outcome: Outcome | undefined): void {
  const name = `${kind}: ${title}`
  const { expected, found, problems } = facts.value
  if (kind === 'refuses') {
    t.equal(outcome?.refusal, expected, name)
  } else if (outcome?.refusal !== undefined) {
    t.fail(`${name}: is refused: ${outcome.refusal}`)
  } else if (!facts.success) {
    t.fail(`${name}: \`expected\`, or the check of the object, is refused`)
  } else if (kind === 'warns') {
    t.strictSame(outcome?.traces, expected, name)
  } else {
    if (kind === 'has') t.match(found, withoutNulls(expected), name)
    else t.strictSame({ found, problems }, { found: expected, problems: [] }, name)
  }
}

/** Evaluates all cases whose value is expected, and reads the titles of the others. */
async function readCases(): Promise<Case[]> {
  const read = await evaluate(`
    let
      problemsOf = value: if value ? apiVersion && value ? metadata then manifests.validate [ value ] else [ ];
      values = case: { inherit (case) expected; found = case.expr; problems = problemsOf case.expr; };
      facts = case:
        if case ? expected then let all = values case; in builtins.tryEval (builtins.deepSeq all all)
        else { success = true; value.expected = case.message or case.warnings; };
    in builtins.mapAttrs (_: builtins.mapAttrs (_: builtins.mapAttrs (_: facts))) ${tables}`)
  return entriesOf(read).flatMap(([file, table]) =>
    entriesOf(table).flatMap(([name, cases]) => {
      const kind = KINDS.find((known) => known === name)
      if (kind === undefined) throw new Error(`${file}: ${name} is unknown, expected ${KINDS.join(', ')}`)
      return entriesOf(cases).map(([title, facts]) => ({ file, kind, title, facts: facts as Case['facts'] }))
    }),
  )
}

function entriesOf(value: unknown): [string, unknown][] {
  return Object.entries(value as object)
}

/** The pattern for `t.match`, for which a field that is undefined is absent. */
function withoutNulls(value: unknown): unknown {
  if (value === null) return undefined
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object') return value
  return Object.fromEntries(entriesOf(value).map(([key, item]) => [key, withoutNulls(item)]))
}

/** A name in a path of Nix. */
function quote(name: string): string {
  return JSON.stringify(name).replaceAll('${', '\\${')
}
