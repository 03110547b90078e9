/**
 * Reads settings from flags and environment, and says of each what people need to know. Nothing below the process
 * reads the environment; settings are passed down.
 */
import { join } from 'node:path'
import { envSchema } from 'env-schema'
import { closest } from 'fastest-levenshtein'
import { SETTINGS, type SettingName, type Settings } from './settings.ts'

/** A setting that has a value it can't have. */
export class SettingsError extends Error {}

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

const PREFIX = 'PUSHLESS_'
/** Variables of other commands than those that take settings, and of the tests. */
const OTHER_VARIABLES = /^PUSHLESS_(?:REGISTRY|TEST_[A-Z0-9_]+)$/
/** Variables that Kubernetes sets in a Pod beside a Service whose name begins with `pushless`. */
const SERVICE_VARIABLES =
  /^PUSHLESS_(?:[A-Z0-9_]*_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/

export type SettingFacts = {
  readonly name: SettingName
  readonly flag: string
  readonly isSwitch: boolean
  readonly description: string
  /** As a person would write it. */
  readonly default: string
}

/** Defaults that depend on something. */
const DEFAULT_TEXTS: Readonly<Partial<Record<SettingName, string>>> = {
  PUSHLESS_STATE: '/var/lib/pushless, or ~/.local/state/pushless where not root',
  PUSHLESS_ALLOW_BUILDS: 'only on loopback',
}

/** What help texts and docs/settings.md say of each setting. */
export const SETTING_FACTS: readonly SettingFacts[] = Object.entries(
  // A TypeBox schema is JSON Schema, whose annotations its types don't carry.
  SETTINGS.properties as unknown as Record<SettingName, Annotations>,
).map(([name, { description, type, default: preset }]) => ({
  name: name as SettingName,
  flag: flagOf(name as SettingName),
  isSwitch: type === 'boolean',
  description,
  default: defaultText(name as SettingName, preset),
}))
type Annotations = {
  readonly description: string
  readonly type?: string
  readonly default?: string | number | boolean
}

function defaultText(name: SettingName, preset: Annotations['default']): string {
  if (preset === undefined) return DEFAULT_TEXTS[name] ?? 'none'
  if (preset === false) return 'off'
  return preset === '' ? 'none' : String(preset)
}

/** `PUSHLESS_LOG_LEVEL` to `--log-level`. */
export function flagOf(name: SettingName): string {
  return `--${name.slice(PREFIX.length).toLowerCase().replaceAll('_', '-')}`
}

/**
 * Settings from flags, else the environment, else defaults.
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
  const data = { PUSHLESS_STATE: defaultState(environment, isRoot), ...given }
  try {
    return Object.freeze(envSchema<Settings>({ schema: SETTINGS, data, dotenv: false, env: false }))
  } catch (cause) {
    throw new SettingsError(explain(cause), { cause })
  }
}

/** @throws SettingsError for the first variable that looks like a setting and is none. */
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
  throw new SettingsError(`${flagOf(name)} (${name}): must be one of ${TRUTH_WORDS}`)
}

/** Where services keep state; for other users the place of the XDG Base Directory Specification. */
export function defaultState(environment: Environment, isRoot: boolean): string {
  if (isRoot) return '/var/lib/pushless'
  const home = environment['HOME'] ?? '.'
  return join(environment['XDG_STATE_HOME'] ?? join(home, '.local', 'state'), 'pushless')
}

/** `env/PUSHLESS_HOLD must be number` as `--hold (PUSHLESS_HOLD): must be number`. */
function explain(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  return message.replaceAll(
    /env\/(PUSHLESS_[A-Z_]+)/g,
    (_, name: SettingName) => `${flagOf(name)} (${name}):`,
  )
}
