/**
 * The config of a pushless image upon another: fields that the image doesn't set come from the base.
 *
 * What is inherited is what a Dockerfile inherits with FROM:
 * - `Env` by name: the base's first and in its order, each with the image's own value where that has one;
 * - `Labels`, `ExposedPorts` and `Volumes` joined, the image's own label before the base's;
 * - `Entrypoint` unless set; `Cmd` unless it or `Entrypoint` is set, since arguments of another program mean nothing;
 *   set to `[]` they are gone;
 * - `User`, `WorkingDir`, `StopSignal`, `Healthcheck`, `Shell` and whatever else there may be, unless set;
 * - never `OnBuild` (it was meant for this build), nor author, date and history.
 */
import { isList, isObject, type Json } from '../core/json.ts'
import { RegistryError } from '../core/errors/errors.ts'
import { type Platform } from '../core/oci/image.ts'
import type { StorePath } from '../core/nix/store-path.ts'

type Config = { readonly [key: string]: Json }

/** Joined key by key. */
const SETS: ReadonlySet<string> = new Set(['Labels', 'ExposedPorts', 'Volumes'])
const NOT_INHERITED: ReadonlySet<string> = new Set(['OnBuild'])
/** Fields that decide how a program is started: if one is set, the others must not be inherited. */
const OF_ENTRYPOINT: ReadonlySet<string> = new Set(['Cmd', 'ArgsEscaped'])

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
