/**
 * The command line. Servers are started more often than anything else, and the other forty commands take 15 ms to define
 * (measured). So they are defined where one of them is called, or help.
 */
import type { Command } from 'commander'
import { addServe } from './add-serve.ts'
import { newProgram, withHelp } from './new-program.ts'
import type { ProcessFacts } from './process-facts.ts'
import { plainSwitches } from './switches.ts'

/** First arguments that need no other command. */
const ALONE: ReadonlySet<string | undefined> = new Set(['serve', '--version', '-V'])

/** @param args without the names of Node and of the program. @throws CommanderError, UsageError, SettingsError. */
export async function runProgram(args: readonly string[], facts: ProcessFacts): Promise<void> {
  const program = ALONE.has(args[0]) ? serveProgram(facts) : await wholeProgram(facts)
  await program.parseAsync(plainSwitches(program, args), { from: 'user' })
}

/** The program with `serve` alone. */
function serveProgram(facts: ProcessFacts): Command {
  const program = newProgram(facts)
  addServe(program, facts)
  return withHelp(program)
}

async function wholeProgram(facts: ProcessFacts): Promise<Command> {
  const { createProgram } = await import('./create-program.ts')
  return createProgram(facts)
}
