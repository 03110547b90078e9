import { placedCommands, type CommandOption, type CommandTree, type PlacedCommand } from './command-tree.ts'

export type Manual = {
  readonly version: string
  /** Two for each command, by its name. */
  readonly examples: Readonly<Record<string, readonly string[]>>
}

/** The manual page of section 1 in the language of man(7). */
export function manualPage(tree: CommandTree, { version, examples }: Manual): string {
  const commands = placedCommands(tree)
  const lines = [
    `.TH ${tree.name.toUpperCase()} 1 "" "${tree.name} ${version}" "User Commands"`,
    '.SH NAME',
    `${tree.name} \\- ${text(tree.description)}`,
    '.SH SYNOPSIS',
    ...commands
      .filter(({ command }) => command.below.length === 0)
      .flatMap(({ path, command }, i) => [
        ...(i === 0 ? [] : ['.br']),
        `.B ${text([tree.name, ...path].join(' '))}`,
        ...usageOf(command),
      ]),
    '.SH COMMANDS',
    ...commands.slice(1).flatMap((placed) => commandLines(tree.name, placed, examples)),
    '.SH EXIT STATUS',
    '0 for success, 2 for wrong usage, and another number for failure.',
  ]
  return `${lines.join('\n')}\n`
}

function usageOf({ options, operands }: CommandTree): readonly string[] {
  const words = [...(options.length === 0 ? [] : ['[options]']), ...operands.map(({ usage }) => usage)]
  return words.length === 0 ? [] : [text(words.join(' '))]
}

function commandLines(
  program: string,
  { path, command }: PlacedCommand,
  examples: Manual['examples'],
): readonly string[] {
  const { name, description, operands, options } = command
  return [
    `.SS ${text([program, ...path].join(' '))}`,
    sentence(description),
    ...operands.flatMap((operand) => ['.TP', `.I ${text(operand.usage)}`, sentence(operand.description)]),
    ...options.flatMap(optionLines),
    ...(examples[name] ?? []).flatMap((line, i) => [
      i === 0 ? '.PP\nExamples:' : '.br',
      `.EX\n${text(line)}\n.EE`,
    ]),
  ]
}

function optionLines({ short, long, value, description }: CommandOption): readonly string[] {
  const names = [...(short === undefined ? [] : [short]), long]
    .map((name) => `\\fB${text(name)}\\fR`)
    .join(', ')
  return ['.TP', value === undefined ? names : `${names} \\fI${text(value)}\\fR`, sentence(description)]
}

/** With a capital letter and a full stop, as a page has it and a table of options hasn't. */
function sentence(description: string): string {
  const end = /[.!?)]$/.test(description) ? '' : '.'
  return text(`${description.slice(0, 1).toUpperCase()}${description.slice(1)}${end}`)
}

/** A hyphen that is copied must stay one, and a line must not begin with a request of roff. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('\u2019', "'")
    .replaceAll('\u2026', '...')
    .replaceAll('\n', ' ')
    .replace(/^([.'])/, '\\&$1')
}
