/**
 * Every setting, once: its flag, its environment variable, what it means, its default with unit and reason. The
 * command line, the help texts and the README's table are made from this. Nothing below the process reads the
 * environment; settings are passed down.
 */
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { envSchema } from 'env-schema'
import { COMPRESSION_MODES } from './http/compression.ts'
import { WAIT_MODES } from './http/wait.ts'

/** Reads as `unix:/path`, as a command, or as `auto`. */
const NIX_AUTO = 'auto'
/** A host and a port up to 65535. */
const LISTEN = '^.+:(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$'
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export const SETTINGS = Type.Object({
  PUSHLESS_LISTEN: Type.String({
    default: '127.0.0.1:5000',
    pattern: LISTEN,
    description:
      'address and port to listen on; port 0 takes a free one. Loopback by default: reachable is a decision',
  }),
  PUSHLESS_STATE: Type.String({
    minLength: 1,
    description: 'directory for digests of layers; may be deleted while stopped',
  }),
  PUSHLESS_NIX: Type.String({
    default: NIX_AUTO,
    minLength: 1,
    description:
      'how to reach Nix: auto (the daemon\u2019s socket, else nix-daemon --stdio), unix:PATH, or a command that speaks the worker protocol on stdin and stdout',
  }),
  PUSHLESS_SERVE_PACKAGES: Type.Boolean({
    default: false,
    description:
      'serve any directory of the store as an image, not only images. Off: a store may hold secrets',
  }),
  PUSHLESS_HOLD: Type.Number({
    default: 20,
    minimum: 0,
    maximum: 280,
    description:
      'seconds a request may wait for a build or fetch before 429; the work goes on. containerd 2.3 gives up after 30',
  }),
  PUSHLESS_WAIT: Type.Enum([...WAIT_MODES], {
    default: 'retry',
    description:
      'what comes after the hold: retry (429, and the client asks again), or redirect (307 to the same URL, at most 9 times, then 429), for clusters whose kubelet pulls one image at a time',
  }),
  PUSHLESS_BUILDS: Type.Integer({
    default: 2,
    minimum: 1,
    maximum: 1000,
    description:
      'builds at once. Each is a process of Nix\u2019s, which divides the machine further by max-jobs and cores',
  }),
  PUSHLESS_FETCHES: Type.Integer({
    default: 8,
    minimum: 1,
    maximum: 1000,
    description: 'fetches at once. They wait for the network, not for this machine',
  }),
  PUSHLESS_QUEUE: Type.Integer({
    default: 100,
    minimum: 0,
    maximum: 100_000,
    description:
      'builds, and as many fetches, that may wait for their turn; past it 429 at once. Each costs a few kilobytes',
  }),
  PUSHLESS_WORK_TIME: Type.Number({
    default: 7200,
    minimum: 0,
    maximum: 604_800,
    description:
      'seconds that a build or fetch may take, 0 for no limit. Large packages take hours, stuck ones for ever',
  }),
  PUSHLESS_SILENT_TIME: Type.Number({
    default: 1800,
    minimum: 0,
    maximum: 604_800,
    description:
      'seconds that a build or fetch may go on without a sign of life, 0 for no limit. Linking a large program is silent for minutes',
  }),
  PUSHLESS_FETCH_SIZE: Type.Number({
    default: 0,
    minimum: 0,
    maximum: 1e9,
    description:
      'megabytes, unpacked, that may be fetched for one image, 0 for no limit. Asks what is missing beforehand, so it costs a look-up',
  }),
  PUSHLESS_VERIFY: Type.Boolean({
    default: false,
    description:
      'hash blobs again while they are streamed, and cut the connection before the last chunk of a wrong one',
  }),
  PUSHLESS_COMPRESSION: Type.Enum([...COMPRESSION_MODES], {
    default: 'auto',
    description:
      'compression of layers on their way: auto (zstd for clients elsewhere that accept it), none, zstd (whoever accepts it), gzip (zstd or gzip)',
  }),
  PUSHLESS_GRACE: Type.Number({
    default: 30,
    minimum: 0,
    maximum: 3600,
    description: 'seconds that running downloads get to end after SIGTERM. Kubernetes kills after 30',
  }),
  PUSHLESS_LOG_LEVEL: Type.Enum([...LOG_LEVELS], {
    default: 'info',
    description: 'debug, info, warn, error or silent; one JSON line each on standard output',
  }),
})

export type Settings = Readonly<Static<typeof SETTINGS>>
export type SettingName = keyof Settings

/** A setting that has a value it can't have. */
export class SettingsError extends Error {}

export type Environment = Readonly<Record<string, string | undefined>>

/** What people write for switches in environments, beside `true` and `false`. */
const TRUTH: Readonly<Record<string, boolean>> = {
  '1': true,
  '0': false,
  yes: true,
  no: false,
  on: true,
  off: false,
}

export type SettingFacts = {
  readonly name: SettingName
  readonly flag: string
  readonly isSwitch: boolean
  readonly description: string
  /** As a person would write it. */
  readonly default: string
}

const DEFAULT_STATE_TEXT = '/var/lib/pushless, or ~/.local/state/pushless where not root'

/** What help texts and the README say of each setting. */
export const SETTING_FACTS: readonly SettingFacts[] = Object.entries(
  // A TypeBox schema is JSON Schema, whose annotations its types don't carry.
  SETTINGS.properties as unknown as Record<SettingName, Annotations>,
).map(([name, { description, type, default: preset }]) => ({
  name: name as SettingName,
  flag: flagOf(name as SettingName),
  isSwitch: type === 'boolean',
  description,
  default: preset === undefined ? DEFAULT_STATE_TEXT : preset === false ? 'off' : String(preset),
}))
type Annotations = {
  readonly description: string
  readonly type?: string
  readonly default?: string | number | boolean
}

/** `PUSHLESS_LOG_LEVEL` to `--log-level`. */
export function flagOf(name: SettingName): string {
  return `--${name.slice('PUSHLESS_'.length).toLowerCase().replaceAll('_', '-')}`
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
  const given = Object.fromEntries(
    SETTING_FACTS.flatMap(({ name, isSwitch }) => {
      const value = flags[name] ?? environment[name]
      if (value === undefined || value === '') return []
      return [[name, isSwitch && typeof value === 'string' ? (TRUTH[value] ?? value) : value]]
    }),
  )
  const data = { PUSHLESS_STATE: defaultState(environment, isRoot), ...given }
  try {
    return Object.freeze(envSchema<Settings>({ schema: SETTINGS, data, dotenv: false, env: false }))
  } catch (cause) {
    throw new SettingsError(explain(cause), { cause })
  }
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
