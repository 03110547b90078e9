/** The program without its commands, and the help that all commands get at last. */
import { Command } from 'commander'
import { addExamples } from './examples.ts'
import type { ProcessFacts } from './process-facts.ts'
import { completeSwitches } from './switches.ts'

export function newProgram(facts: ProcessFacts): Command {
  return new Command('pushless')
    .description(
      'An OCI registry that nobody pushes to: images are store paths of Nix, streamed out of the store.',
    )
    .version(facts.version)
    .showSuggestionAfterError()
    .exitOverride()
}

/** Gives the commands of a program their switches and examples. To be called when it has all of them. */
export function withHelp(program: Command): Command {
  completeSwitches(program)
  addExamples(program)
  return program
}
