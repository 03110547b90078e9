/**
 * An image upon another: the base's layers below, and its config where the image itself says nothing.
 *
 * What is inherited is what a Dockerfile inherits with FROM:
 * - `Env` by name: the base's first and in its order, each with the image's own value where that has one;
 * - `Labels`, `ExposedPorts` and `Volumes` joined, the image's own label before the base's;
 * - `Entrypoint` unless set; `Cmd` unless it or `Entrypoint` is set, since arguments of another program mean nothing;
 *   set to `[]` they are gone;
 * - `User`, `WorkingDir`, `StopSignal`, `Healthcheck`, `Shell` and whatever else there may be, unless set;
 * - never `OnBuild` (it was meant for this build), nor author, date and history.
 */
import { readConfig } from '../core/given-config.ts'
import { RegistryError, type ErrorKind } from '../core/errors.ts'
import { isList, type Json, type Platform } from '../core/image.ts'
import type { StorePath } from '../core/store-path.ts'
import type { Source, SourceConfig } from './source.ts'

type Config = { readonly [key: string]: Json }

/** Joined key by key. */
const SETS: ReadonlySet<string> = new Set(['Labels', 'ExposedPorts', 'Volumes'])
const NOT_INHERITED: ReadonlySet<string> = new Set(['OnBuild'])
/** Which say what a program is started with: one set makes the others' inheritance wrong. */
const OF_ENTRYPOINT: ReadonlySet<string> = new Set(['Cmd', 'ArgsEscaped'])

/**
 * What the base says of itself.
 * @param name of the base, for the error.
 * @throws RegistryError `unservable` for a config that is none.
 */
export function baseConfig(
  name: StorePath,
  config: SourceConfig,
): { readonly platform: Platform; readonly config: Config } {
  if (config.kind === 'made' || config.kind === 'written') return config
  if (config.kind === 'opaque')
    throw new RegistryError('unservable', `${name}: no image, so none to build upon`)
  const { platform } = readConfig(name, config.bytes)
  // Checked to be an object by `readConfig`; that its own `config` is one, isn't.
  const { config: inner } = JSON.parse(Buffer.from(config.bytes).toString()) as { readonly config?: Json }
  return { platform, config: isObject(inner) ? inner : {} }
}

/** @throws RegistryError `unservable` when the two are for different machines. */
export function demandSamePlatform(path: StorePath, own: Platform, base: Platform): void {
  if (own.architecture === base.architecture) return
  throw new RegistryError(
    'unservable',
    `${path}: an image for ${own.architecture}, upon a base for ${base.architecture}`,
  )
}

/** @param own with empty lists where something isn't to be inherited. */
export function inherit(base: Config, own: Config): Config {
  const inherited = Object.entries(base).filter(
    ([key]) =>
      !NOT_INHERITED.has(key) &&
      !(OF_ENTRYPOINT.has(key) && own['Entrypoint'] !== undefined) &&
      base[key] !== null,
  )
  const merged: Record<string, Json> = Object.fromEntries(inherited)
  for (const [key, value] of Object.entries(own)) {
    const below = merged[key]
    if (key === 'Env') merged[key] = mergedEnv(strings(below), strings(value))
    else if (SETS.has(key) && isObject(below) && isObject(value)) merged[key] = { ...below, ...value }
    else merged[key] = value
  }
  for (const key of ['Entrypoint', 'Cmd']) if (strings(merged[key]).length === 0) delete merged[key]
  return merged
}

function mergedEnv(base: readonly string[], own: readonly string[]): readonly string[] {
  const assignments = new Map<string, string>()
  for (const assignment of [...base, ...own]) assignments.set(assignment.replace(/=.*$/s, ''), assignment)
  return [...assignments.values()]
}

function strings(value: Json | undefined): readonly string[] {
  return value !== undefined && isList(value) ? value.filter((item) => typeof item === 'string') : []
}

function isObject(value: Json | undefined): value is Config {
  return typeof value === 'object' && value !== null && !isList(value)
}

/** Images upon images that may be stacked: each is read for the one above. */
const MAX_DEPTH = 20
/** What is said to who asks for it, and means nothing to who asks for the image upon it. */
const NOT_FOUND: ReadonlySet<ErrorKind> = new Set(['denied', 'manifest-unknown'])

/** Reads the base. @param read with the kinds that there are. @throws RegistryError `unservable`, and those of `read`. */
export async function readBase(
  path: StorePath,
  base: StorePath,
  depth: number,
  read: () => Promise<Source>,
): Promise<Source> {
  if (depth >= MAX_DEPTH)
    throw new RegistryError('unservable', `${path}: more than ${MAX_DEPTH} images, each upon another`)
  const source = await read().catch((cause: unknown) => {
    if (!(cause instanceof RegistryError) || !NOT_FOUND.has(cause.kind)) throw cause
    throw new RegistryError('unservable', `${path}: its base ${base}: ${cause.message}`, { cause })
  })
  if (source.kind === 'package')
    throw new RegistryError('unservable', `${path}: its base is no image: ${base}`)
  // Its layers are of its own closure, wherever it is the base of something.
  const layers = source.layers.map((layer) =>
    layer.kind === 'closure' && layer.roots === undefined ? { ...layer, roots: [base] } : layer,
  )
  return { ...source, layers }
}
