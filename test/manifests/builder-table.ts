// Tests of builders as tables: an expression and what it gives, the line that refuses it, or the lines that warn of it.
// Two processes a file evaluate them all.
import t from 'tap'
import { evaluateAll, outcomes, withoutNix } from '../nix/nix-command.ts'

/** Expressions by what they show; all exports of manifests/ are in scope, and `image`, `some`, `hello`, `floating`. */
export interface BuilderTable {
  /** The value of each, exactly; what is an object is right by the schema, too. */
  readonly gives?: Readonly<Record<string, readonly [expression: string, value: unknown]>>
  /** The message of each: one line, that begins with who refuses. */
  readonly refuses?: Readonly<Record<string, readonly [expression: string, message: string]>>
  /** What each is warned of; it has a value all the same. */
  readonly warns?: Readonly<Record<string, readonly [expression: string, ...warnings: string[]]>>
}

/** Tests one builder, or one part of several. */
export function testBuilder(
  name: string,
  { gives = {}, refuses = {}, warns = {} }: BuilderTable,
  before = '',
): void {
  void t.test(name, { skip: withoutNix }, async (t) => {
    const scope = `with manifests; ${before}`
    const valued = Object.entries(gives)
    const values = await evaluateAll(
      valued.map(([, [expression]]) => checked(expression)),
      scope,
    )
    for (const [at, [title, [, value]]] of valued.entries())
      t.strictSame(values[at], { value, problems: [] }, title)

    const refused = Object.entries(refuses)
    const warned = Object.entries(warns)
    const found = await outcomes(
      [...refused, ...warned].map(([, [expression]]) => expression),
      scope,
    )
    for (const [at, [title, [, message]]] of refused.entries())
      t.equal(found[at]?.refusal, message, `refused: ${title}`)
    for (const [at, [title, [, ...warnings]]] of warned.entries()) {
      const outcome = found[refused.length + at]
      t.strictSame(outcome?.traces, warnings, `warned of: ${title}`)
      t.equal(outcome?.refusal, undefined, `not refused: ${title}`)
    }
  })
}

function checked(expression: string): string {
  return `let value = (${expression}); isObject = value ? apiVersion && value ? metadata; in {
    inherit value;
    problems = if isObject then validate [ value ] else [ ];
  }`
}
