/**
 * Switches on the command line: each option without a value takes `--x`, `--no-x` and `--x=on` or `--x=off`, in every
 * command. Commander knows the first form alone, so the others are put into it before it reads them.
 */
import { Option, type Command } from 'commander'
import { TRUTH, TRUTH_WORDS } from '../settings/read-settings.ts'
import { UsageError } from './usage-error.ts'

const HELP = `
Options without a value are switches: --x, --no-x, or --x= and one of ${TRUTH_WORDS}.`

/** Gives every switch of the command and of those below it its `--no-` form, and says so in their help. */
export function completeSwitches(command: Command): void {
  const switches = switchesOf(command)
  if (switches.size > 0) command.addHelpText('after', HELP)
  for (const long of switches) {
    const negated = `--no-${long.slice(2)}`
    if (command.options.some((option) => option.long === negated)) continue
    command.addOption(new Option(negated).hideHelp())
  }
  for (const below of command.commands) completeSwitches(below)
}

/**
 * The arguments with every switch as `--x` or `--no-x`.
 * @param args without the program's own name.
 * @throws UsageError for a value that a switch can't have.
 */
export function plainSwitches(program: Command, args: readonly string[]): readonly string[] {
  let command = program
  let switches = switchesOf(command)
  const plain: string[] = []
  for (let i = 0; i < args.length; i += 1) {
    const word = args[i] ?? ''
    if (word === '--') return [...plain, ...args.slice(i)]
    const [long = '', ...values] = word.split('=')
    if (switches.has(long) && values.length > 0) {
      plain.push(switched(long, values.join('=')))
    } else if (switches.has(word) && takesNoArguments(command) && Object.hasOwn(TRUTH, args[i + 1] ?? '')) {
      i += 1
      plain.push(switched(word, args[i] ?? ''))
    } else {
      plain.push(word)
      const below = command.commands.find((one) => one.name() === word)
      if (below !== undefined) {
        command = below
        switches = switchesOf(command)
      }
    }
  }
  return plain
}

function switched(long: string, value: string): string {
  const isOn = Object.hasOwn(TRUTH, value) ? TRUTH[value] : undefined
  if (isOn === undefined) throw new UsageError(`${long}=${value}: expected one of ${TRUTH_WORDS}`)
  return isOn ? long : `--no-${long.slice(2)}`
}

function switchesOf(command: Command): ReadonlySet<string> {
  return new Set(
    command.options.flatMap((option) =>
      option.isBoolean() && !option.negate && option.long !== undefined && option.long !== '--version'
        ? [option.long]
        : [],
    ),
  )
}

/** Elsewhere the word behind a switch may be the name of a file. */
function takesNoArguments(command: Command): boolean {
  return command.registeredArguments.length === 0 && command.commands.length === 0
}
