/** The commands as plain data, read from the table that `--help` is made from: for completions and the manual page. */
import type { Command } from 'commander'

export type CommandTree = {
  readonly name: string
  readonly description: string
  readonly options: readonly CommandOption[]
  readonly operands: readonly Operand[]
  readonly below: readonly CommandTree[]
}

export type CommandOption = {
  /** `-o`, and `--output`. */
  readonly short: string | undefined
  readonly long: string
  /** The placeholder of its value, such as `<file>`; `undefined` for a switch. */
  readonly value: string | undefined
  readonly choices: readonly string[]
  readonly description: string
}

type Operand = {
  readonly usage: string
  readonly description: string
  readonly choices: readonly string[]
}

/** A command on the path to it, the program itself left out: `['manifests', 'check']`. */
export type PlacedCommand = { readonly path: readonly string[]; readonly command: CommandTree }

export function commandTree(command: Command): CommandTree {
  return {
    name: command.name(),
    description: command.description(),
    options: command.options
      .filter(({ hidden, long }) => !hidden && long != null)
      .map((option) => ({
        short: option.short,
        long: option.long ?? '',
        value: /[<[].*[>\]]/.exec(option.flags)?.[0],
        choices: option.argChoices ?? [],
        description: option.description,
      })),
    operands: command.registeredArguments.map((operand) => {
      const name = `${operand.name()}${operand.variadic ? '...' : ''}`
      return {
        usage: operand.required ? `<${name}>` : `[${name}]`,
        description: operand.description,
        choices: operand.argChoices ?? [],
      }
    }),
    below: command.commands.map(commandTree),
  }
}

/** The program and every command below it, each before those below it. */
export function placedCommands(tree: CommandTree, path: readonly string[] = []): readonly PlacedCommand[] {
  return [
    { path, command: tree },
    ...tree.below.flatMap((below) => placedCommands(below, [...path, below.name])),
  ]
}

/** The words that may follow a command: those below it, and the choices of its operands, with what each is. */
export function wordsAfter({
  below,
  operands,
}: CommandTree): readonly { name: string; description: string }[] {
  return [
    ...below.map(({ name, description }) => ({ name, description })),
    ...operands.flatMap(({ choices, description }) => choices.map((name) => ({ name, description }))),
  ]
}

/** The first clause of a description, for a list beside others. */
export function shortText(description: string): string {
  return description.split(/[;:.,] |\n/, 1)[0]?.trim() ?? ''
}
