/** What a builder refuses, as tables. */
import type { Test } from 'tap'
import { refusal } from './nix-command.ts'

/** What is given -> the one line that says why not. `some` is `image` with a name and a system added. */
export type RefusalTable = Readonly<Record<string, readonly [expression: string, message: RegExp]>>

/** Each is refused while it is evaluated, in one line. */
export async function checkRefusals(t: Test, refusals: RefusalTable): Promise<void> {
  const cases = Object.entries(refusals)
  const messages = await Promise.all(
    cases.map(async ([, [expression]]) => refusal(`(${expression}).drvPath`)),
  )
  for (const [at, [name, [, expected]]] of cases.entries()) {
    const message = messages[at] ?? 'no refusal'
    t.match(message, expected, name)
    t.notMatch(message, /\n/, `${name}: one line`)
  }
}
