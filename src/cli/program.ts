/** The command line: one command a file beside this one; flags come from the settings table. */
import { Command, Option } from 'commander'
import { SETTING_FACTS, readSettings, type Environment } from '../config.ts'
import type { SettingName, Settings } from '../settings.ts'
import { inspect } from './inspect.ts'
import { serve } from './serve.ts'

export type ProcessFacts = {
  readonly environment: Environment
  readonly isRoot: boolean
  readonly version: string
}

const INSPECT: readonly SettingName[] = ['PUSHLESS_STATE', 'PUSHLESS_NIX', 'PUSHLESS_SERVE_PACKAGES']

export function createProgram(facts: ProcessFacts): Command {
  const program = new Command('pushless')
    .description(
      'An OCI registry that nobody pushes to: images are store paths of Nix, streamed out of the store.',
    )
    .version(facts.version)
    .showSuggestionAfterError()
    .exitOverride()

  withSettings(program.command('serve'))
    .description('serve images to containerd, CRI-O, podman, Docker and every other OCI client')
    .action(async (options: object) => serve(settingsFrom(options, facts)))

  withSettings(program.command('inspect'), INSPECT)
    .description(
      'show what would be served: kind, config, each layer with its store paths, and how long each step took',
    )
    .argument('<ref>', 'image name, store path, hash, or a link to a store path such as ./result')
    .option('--json', 'as one JSON document')
    .action(async (ref: string, options: { readonly json?: boolean }) =>
      inspect(ref, settingsFrom(options, facts), options.json === true),
    )
  return program
}

/** @param names all settings where none are named. */
function withSettings(command: Command, names?: readonly SettingName[]): Command {
  for (const { name, flag, isSwitch, description, default: preset } of SETTING_FACTS) {
    if (names?.includes(name) === false) continue
    command.addOption(
      new Option(isSwitch ? flag : `${flag} <value>`, `${description} (${name}; default: ${preset})`),
    )
  }
  return command.exitOverride()
}

/** Commander names an option by its flag in camel case. */
function settingsFrom(options: object, facts: ProcessFacts): Settings {
  const given = new Map<string, unknown>(Object.entries(options))
  const flags = Object.fromEntries(
    SETTING_FACTS.map(({ name }) => {
      const words = name.slice('PUSHLESS_'.length).toLowerCase().split('_')
      return [
        name,
        given.get(words.map((word, i) => (i === 0 ? word : word[0]?.toUpperCase() + word.slice(1))).join('')),
      ]
    }),
  )
  return readSettings(flags, facts.environment, facts.isRoot)
}
