/** Facts of each setting for the command line, the help texts and docs/settings.md. */
import { SETTINGS, SETTING_NAMES, type SettingName } from './setting-table.ts'

export const PREFIX = 'PUSHLESS_'

export type SettingFacts = {
  readonly name: SettingName
  readonly flag: string
  readonly isSwitch: boolean
  readonly description: string
  /** The default as a person would write it. */
  readonly default: string
}

/** Defaults that depend on something. */
const DEFAULT_TEXTS: Readonly<Partial<Record<SettingName, string>>> = {
  PUSHLESS_STATE: '/var/lib/pushless, or ~/.local/state/pushless where not root',
  PUSHLESS_ALLOW_BUILDS: 'only on loopback',
}

export const SETTING_FACTS: readonly SettingFacts[] = SETTING_NAMES.map((name) => {
  const { description = '', type, default: preset }: Annotations = SETTINGS.properties[name]
  return {
    name,
    flag: flagOf(name),
    isSwitch: type === 'boolean',
    description,
    default: defaultText(name, preset),
  }
})

/** JSON Schema's annotations, which a TypeBox schema has and its type doesn't tell. */
export type Annotations = object & {
  readonly description?: string
  readonly type?: string
  readonly default?: string | number | boolean
}

function defaultText(name: SettingName, preset: Annotations['default']): string {
  if (preset === undefined) return DEFAULT_TEXTS[name] ?? 'none'
  if (preset === false) return 'off'
  return preset === '' ? 'none' : String(preset)
}

/** The flag of a setting: `--log-level` for `PUSHLESS_LOG_LEVEL`. */
export function flagOf(name: SettingName): string {
  return `--${name.slice(PREFIX.length).toLowerCase().replaceAll('_', '-')}`
}

/** How messages name a setting: `--log-level (PUSHLESS_LOG_LEVEL)`. */
export function settingTitle(name: SettingName): string {
  return `${flagOf(name)} (${name})`
}
