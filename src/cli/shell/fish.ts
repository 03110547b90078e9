import {
  placedCommands,
  shortText,
  wordsAfter,
  type CommandOption,
  type CommandTree,
  type PlacedCommand,
} from './command-tree.ts'

/** The completion of fish: a file for `~/.config/fish/completions/`. */
export function fishCompletion(tree: CommandTree): string {
  const lines = placedCommands(tree).flatMap((placed) => linesOf(tree.name, placed))
  return `# Completion of ${tree.name} for fish, made by: ${tree.name} completion fish\n${lines.join('\n')}\n`
}

function linesOf(program: string, { path, command }: PlacedCommand): readonly string[] {
  const condition = conditionOf(path, command.below)
  return [
    ...wordsAfter(command).map(
      ({ name, description }) =>
        `complete -c ${program} -n ${quoted(condition)} -a ${quoted(name)} -d ${quoted(shortText(description))}`,
    ),
    ...command.options.map(
      (option) => `complete -c ${program} -n ${quoted(condition)} ${optionWords(option)}`,
    ),
  ]
}

/** Holds where the words before the cursor name this command, and none below it. */
function conditionOf(path: readonly string[], below: readonly CommandTree[]): string {
  const names = below.map(({ name }) => name)
  if (path.length === 0) return `not __fish_seen_subcommand_from ${names.join(' ')}`
  const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`)
  return [
    ...seen,
    ...(names.length === 0 ? [] : [`not __fish_seen_subcommand_from ${names.join(' ')}`]),
  ].join('; and ')
}

function optionWords({ short, long, value, choices, description }: CommandOption): string {
  return [
    ...(short === undefined ? [] : ['-s', short.slice(1)]),
    '-l',
    long.slice(2),
    ...(value === undefined ? [] : ['-r']),
    ...(choices.length === 0 ? [] : ['-f', '-a', quoted(choices.join(' '))]),
    '-d',
    quoted(shortText(description)),
  ].join(' ')
}

/** Fish reads `\\` and `\'` within single quotes, and nothing else. */
function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`
}
