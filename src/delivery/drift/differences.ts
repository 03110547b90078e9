/**
 * Compares a live object with the answer of a server-side dry run of the desired one.
 *
 * Nothing is normalised here. The server did so with both: `1000m` was stored as it was sent, and the dry run keeps the
 * stored form where the applied one is equal to it; defaults and the changes of webhooks are in both. A second
 * normalisation would need the schema of every kind, and be wrong where it differs from the server's.
 */
import { isList, isObject, type Json } from '../../core/json.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import { escapePointer, isSame, readablePath, type FieldPath, type Step } from './field-path.ts'
import {
  follow,
  isEmpty,
  isIgnored,
  isTextMap,
  strip,
  type IgnorePattern,
  type Visited,
} from './ignore-pattern.ts'
import { keysOf, listKeys } from './list-keys.ts'

export type Difference = {
  /** A JSON pointer. Items have their index in the live object, or in the desired one where it alone has them. */
  readonly path: string
  /** For people: `/spec/containers[name=web]/image`. */
  readonly readable: string
  readonly steps: FieldPath
  /** How applying changes the live object: it adds what is missing, and removes what shouldn't be there. */
  readonly kind: 'changed' | 'added' | 'removed'
  readonly live: Json | undefined
  readonly desired: Json | undefined
}

/** Fields that the server sets. */
const OF_THE_SERVER = new Set(['apiVersion', 'kind', 'status'])
const METADATA_OF_THE_SERVER = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
])

type At = {
  readonly path: string
  readonly steps: FieldPath
  readonly ignored: readonly IgnorePattern[]
}

/**
 * Lists the differences, in the order of the live object's fields.
 * @param desired the answer of the dry run, never the object as it was sent.
 * @param ignored patterns of fields that aren't compared (see ignore-rules.ts).
 */
export function differences(
  live: LiveObject,
  desired: LiveObject,
  ignored: readonly IgnorePattern[] = [],
): readonly Difference[] {
  const found: Difference[] = []
  compareMaps(
    withoutServerFields(live),
    withoutServerFields(desired),
    { path: '', steps: [], ignored },
    found,
  )
  return found
}

function withoutServerFields(object: LiveObject): { readonly [key: string]: Json } {
  const metadata = Object.entries(object.metadata).filter(([name]) => !METADATA_OF_THE_SERVER.has(name))
  const rest = Object.entries(object).filter(([name]) => !OF_THE_SERVER.has(name))
  return { ...Object.fromEntries(rest), metadata: Object.fromEntries(metadata) }
}

function compare(live: Json | undefined, desired: Json | undefined, at: At, found: Difference[]): void {
  if (isIgnored(at.ignored) || isSame(live, desired)) return
  if (isObject(live) && isObject(desired)) return compareMaps(live, desired, at, found)
  if (isList(live ?? null) && isList(desired ?? null))
    return compareLists(live as readonly Json[], desired as readonly Json[], at, found)
  if (live === undefined || desired === undefined) {
    const last = at.steps.at(-1)
    // Labels and the like are told one by one.
    if (last?.kind === 'field' && isTextMap(last.name) && isObject(live ?? desired))
      return compareMaps(isObject(live) ? live : {}, isObject(desired) ? desired : {}, at, found)
    if (isNothingElse(live ?? desired ?? null, at.ignored)) return
  }
  found.push(difference(live, desired, at))
}

/** Whether a value that one side alone has is made of nothing but ignored fields. */
function isNothingElse(value: Json, ignored: readonly IgnorePattern[]): boolean {
  if (ignored.length === 0) return false
  const kept = strip(value, ignored)
  return !isSame(kept, value) && (isEmpty(kept) || (isList(kept) && kept.length === 0))
}

function compareMaps(
  live: { readonly [key: string]: Json },
  desired: { readonly [key: string]: Json },
  at: At,
  found: Difference[],
): void {
  for (const name of new Set([...Object.keys(live), ...Object.keys(desired)])) {
    const below = atStep(at, escapePointer(name), { kind: 'field', name }, { name })
    compare(own(live, name), own(desired, name), below, found)
  }
}

function compareLists(live: readonly Json[], desired: readonly Json[], at: At, found: Difference[]): void {
  const names = listKeys(live, desired)
  if (names !== undefined) return compareItems(live, desired, names, at, found)
  // A list of another length is another list: it can't be known which item is which.
  if (live.length !== desired.length) {
    if (!isSame(strip(live, at.ignored), strip(desired, at.ignored)))
      found.push(difference(live, desired, at))
    return
  }
  for (const [index, item] of live.entries())
    compare(item, desired[index], atStep(at, String(index), { kind: 'index', index }, { index, item }), found)
}

function compareItems(
  live: readonly Json[],
  desired: readonly Json[],
  names: readonly string[],
  at: At,
  found: Difference[],
): void {
  const keyOf = (item: Json) => JSON.stringify(keysOf(item, names))
  const others = new Map(desired.map((item, index) => [keyOf(item), { item, index }]))
  const known = new Set(live.map(keyOf))
  const before = found.length
  for (const [index, item] of live.entries()) {
    const step: Step = { kind: 'item', keys: keysOf(item, names) }
    compare(item, others.get(keyOf(item))?.item, atStep(at, String(index), step, { index, item }), found)
  }
  for (const [index, item] of desired.entries()) {
    if (known.has(keyOf(item))) continue
    const step: Step = { kind: 'item', keys: keysOf(item, names) }
    compare(undefined, item, atStep(at, String(index), step, { index, item }), found)
  }
  // The order matters in some lists, such as the variables of a container.
  const isReordered =
    live.length === desired.length && live.some((item, i) => others.get(keyOf(item))?.index !== i)
  if (found.length === before && isReordered && at.ignored.length === 0)
    found.push(difference(live, desired, at))
}

function atStep(at: At, text: string, step: Step, visited: Visited): At {
  return {
    path: `${at.path}/${text}`,
    steps: [...at.steps, step],
    ignored: follow(at.ignored, visited),
  }
}

function difference(live: Json | undefined, desired: Json | undefined, { path, steps }: At): Difference {
  const kind = live === undefined ? 'added' : desired === undefined ? 'removed' : 'changed'
  return { path, readable: readablePath(steps), steps, kind, live, desired }
}

function own(value: { readonly [key: string]: Json }, name: string): Json | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined
}
