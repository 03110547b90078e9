/** Settings as options of commands, and their values read back. */
import { Option, type Command } from 'commander'
import { readSettings } from '../settings/read-settings.ts'
import { SETTING_FACTS } from '../settings/setting-facts.ts'
import type { SettingName } from '../settings/setting-table.ts'
import type { Settings } from '../settings/settings.ts'
import type { ProcessFacts } from './process-facts.ts'

/** Settings of commands that look at an image and serve nothing. */
export const INSPECT: readonly SettingName[] = [
  'PUSHLESS_STATE',
  'PUSHLESS_STORE',
  'PUSHLESS_CACHES',
  'PUSHLESS_TRUSTED_KEYS',
  'PUSHLESS_REQUIRE_SIGNATURE',
  'PUSHLESS_STORE_SIZE',
  'PUSHLESS_NETRC',
  'PUSHLESS_CACHE_CA',
  'PUSHLESS_NIX',
  'PUSHLESS_SERVE_PACKAGES',
]

/** @param names all settings where none are named. */
export function withSettings(command: Command, names?: readonly SettingName[]): Command {
  for (const { name, flag, isSwitch, description, default: preset } of SETTING_FACTS) {
    if (names?.includes(name) === false) continue
    command.addOption(
      new Option(isSwitch ? flag : `${flag} <value>`, `${description} (${name}; default: ${preset})`),
    )
  }
  return command.exitOverride()
}

/** Commander names an option by its flag in camel case. */
export function settingsFrom(options: object, facts: ProcessFacts): Settings {
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
