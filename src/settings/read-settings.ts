/** Reads settings from flags and the environment. Nothing else reads the environment; settings are passed down. */
import { join } from 'node:path'
import { closest } from 'fastest-levenshtein'
import { Check, Errors } from 'typebox/schema'
import { awsEnvironment } from '../store/cache/s3/aws-environment.ts'
import { PREFIX, SETTING_FACTS, settingTitle, type Annotations } from './setting-facts.ts'
import {
  SETTINGS,
  SETTING_NAMES,
  isSettingName,
  type GivenSettings,
  type SettingName,
} from './setting-table.ts'
import { SettingsError } from './settings-error.ts'
import { settingsOf, type Settings } from './settings.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The words for a switch, in flags and in the environment. */
export const TRUTH: Readonly<Record<string, boolean>> = {
  on: true,
  off: false,
  true: true,
  false: false,
  yes: true,
  no: false,
  '1': true,
  '0': false,
}
export const TRUTH_WORDS = 'on, off, true, false'

/** Variables of commands that take no settings, and of the tests. */
const OTHER_VARIABLES = /^PUSHLESS_(?:REGISTRY|TEST_[A-Z0-9_]+)$/
/** Variables that Kubernetes sets in a Pod beside a Service whose name begins with `pushless`. */
const SERVICE_VARIABLES =
  /^PUSHLESS_(?:[A-Z0-9_]*_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/

/**
 * Reads settings from flags, else the environment, else defaults.
 * @param flags by setting name, as text or `true`.
 * @throws SettingsError naming the setting and what it takes.
 */
export function readSettings(
  flags: Readonly<Record<string, unknown>>,
  environment: Environment,
  isRoot: boolean,
): Settings {
  refuseUnknown(environment)
  const given = Object.fromEntries(
    SETTING_FACTS.flatMap(({ name, isSwitch }) => {
      const value = flags[name] ?? environment[name]
      if (value === undefined || value === '') return []
      return [[name, isSwitch && typeof value === 'string' ? truth(name, value) : value]]
    }),
  )
  return settingsOf(
    validated({ PUSHLESS_STATE: defaultState(environment, isRoot), ...given }),
    awsEnvironment(environment),
  )
}

/** @throws SettingsError for the first variable that looks like a setting and isn't one. */
function refuseUnknown(environment: Environment): void {
  const names = SETTING_FACTS.map(({ name }) => name)
  for (const name of Object.keys(environment)) {
    const isOurs = name.startsWith(PREFIX) && !OTHER_VARIABLES.test(name) && !SERVICE_VARIABLES.test(name)
    if (isOurs && !names.some((known) => known === name))
      throw new SettingsError(`${name}: no such setting, did you mean ${closest(name, names)}?`)
  }
}

function truth(name: SettingName, value: string): boolean {
  const isOn = Object.hasOwn(TRUTH, value) ? TRUTH[value] : undefined
  if (isOn !== undefined) return isOn
  throw new SettingsError(`${settingTitle(name)}: must be one of ${TRUTH_WORDS}`)
}

/**
 * Adds defaults, and reads numbers. It looks at the schema as it stands: compiling it took a third of the time until the
 * server listens.
 */
function validated(given: Readonly<Record<string, unknown>>): GivenSettings {
  const settings = Object.fromEntries(
    SETTING_NAMES.flatMap((name) => {
      const { type, default: preset }: Annotations = SETTINGS.properties[name]
      const value = given[name] ?? preset
      if (value === undefined) return []
      return [[name, type === 'number' || type === 'integer' ? numberIn(value) : value]]
    }),
  )
  if (Check(SETTINGS, settings)) return settings
  throw new SettingsError(
    Errors(SETTINGS, settings)[1]
      .map(({ instancePath, message }) => `${titleOf(instancePath.slice(1))} ${message}`)
      .join(', '),
  )
}

/** Returns the number that a text is; what is no number stays, and is refused. */
function numberIn(value: unknown): unknown {
  return typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))
    ? Number(value)
    : value
}

/**
 * Returns the default state directory: that of services for root, else the place of the XDG Base Directory
 * Specification.
 */
export function defaultState(environment: Environment, isRoot: boolean): string {
  if (isRoot) return '/var/lib/pushless'
  const home = environment['HOME'] ?? '.'
  return join(environment['XDG_STATE_HOME'] ?? join(home, '.local', 'state'), 'pushless')
}

/** Returns `--hold (PUSHLESS_HOLD):`. */
function titleOf(name: string): string {
  return isSettingName(name) ? `${settingTitle(name)}:` : name
}
