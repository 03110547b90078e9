/**
 * Fields that people wrote into an object, and that the desired one doesn't have. A dry run can't see them: server-side
 * apply leaves alone what others own. They are read from `metadata.managedFields`.
 *
 * An object that was made by `kubectl create` or a client-side `kubectl apply` has its defaults under kubectl's name.
 * What kubectl really sent is in its last-applied-configuration. Without that, only labels, annotations and data count,
 * which have no defaults. After a take-over (take-over.ts) there is no doubt any more.
 */
import { textAt, fieldAt } from '../../core/json-fields.ts'
import { isObject, parseJson, type Json } from '../../core/json.ts'
import type { DesiredObject, LiveObject } from '../../kubernetes/client/cluster.ts'
import { enter, pointerOf, readablePath, type FieldPath } from './field-path.ts'
import { follow, isIgnored, isTextMap, type IgnorePattern } from './ignore-pattern.ts'
import { isDelivered, isHuman, isWholeWriter, LAST_APPLIED } from './human-managers.ts'
import { managedEntries, stepOf, type FieldSet } from './managed-fields.ts'

export type ForeignField = {
  /** A JSON pointer into the live object. */
  readonly path: string
  readonly readable: string
  readonly steps: FieldPath
  readonly live: Json
  readonly manager: string
  /** When the manager wrote last, as RFC 3339. */
  readonly time: string | undefined
}

export type ForeignOptions = {
  /** Further managers whose fields count, beside those of kubectl. */
  readonly managers?: readonly string[]
  readonly ignored?: readonly IgnorePattern[]
}

type Place = {
  readonly steps: FieldPath
  readonly live: Json
  readonly desired: Json | undefined
  /** The object that kubectl sent; a field that isn't in it is a default. */
  readonly sent: Json | undefined
  readonly ignored: readonly IgnorePattern[]
}

/** @returns each topmost field once, with the manager that wrote last. */
export function foreignFields(
  live: LiveObject,
  desired: DesiredObject,
  { managers = [], ignored = [] }: ForeignOptions = {},
): readonly ForeignField[] {
  const found = new Map<string, ForeignField>()
  const entries = managedEntries(live).filter((entry) => isHuman(entry, managers))
  const sent = lastApplied(live)
  for (const entry of entries.toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? ''))) {
    const start = { steps: [], live, desired: withSecretData(desired), sent, ignored }
    const isSent = (place: Place, parent: Place) =>
      !isWholeWriter(entry) || (sent === undefined ? isInTextMap(parent) : place.sent !== undefined)
    for (const { steps, live: value } of walk(entry.fields, start, isSent)) {
      const path = pointerOf(steps, live)
      found.set(path, {
        path,
        readable: readablePath(steps),
        steps,
        live: value,
        manager: entry.manager,
        time: entry.time,
      })
    }
  }
  return [...found.values()]
}

/** Whether a manager sent a field, and the server didn't set it as a default. */
type IsSent = (place: Place, parent: Place) => boolean

function* walk(set: FieldSet, at: Place, isSent: IsSent): Generator<Place> {
  for (const [key, child] of set.children) {
    const step = stepOf(key)
    const live = step === undefined ? undefined : enter(at.live, step)
    if (step === undefined || live === undefined) continue
    const steps = [...at.steps, step]
    const visited = step.kind === 'field' ? { name: step.name } : { index: live.index, item: live.value }
    const ignored = follow(at.ignored, visited)
    if (isIgnored(ignored) || !isDelivered(steps) || isLastApplied(steps)) continue
    const place: Place = {
      steps,
      live: live.value,
      desired: enter(at.desired, step)?.value,
      sent: enter(at.sent, step)?.value,
      ignored,
    }
    const isMap = step.kind === 'field' && isTextMap(step.name)
    // Labels and the like are told one by one, and a field that isn't owned as a whole by what is owned in it.
    if (place.desired !== undefined || (child.children.size > 0 && (isMap || !child.isOwned)))
      yield* walk(child, place, isSent)
    else if (child.isOwned && isSent(place, at)) yield place
  }
}

/** Labels, annotations and data have no defaults. */
function isInTextMap({ steps }: Place): boolean {
  const last = steps.at(-1)
  return last?.kind === 'field' && isTextMap(last.name)
}

/** The server stores a Secret's `stringData` as `data`. */
function withSecretData(object: Json): Json {
  const texts = fieldAt(object, 'stringData')
  if (!isObject(object) || fieldAt(object, 'kind') !== 'Secret' || !isObject(texts)) return object
  const data = fieldAt(object, 'data')
  return { ...object, data: { ...(isObject(data) ? data : {}), ...texts } }
}

function isLastApplied(steps: FieldPath): boolean {
  const last = steps.at(-1)
  return last?.kind === 'field' && last.name === LAST_APPLIED
}

function lastApplied(live: LiveObject): Json | undefined {
  const text = textAt(fieldAt(live.metadata, 'annotations'), LAST_APPLIED)
  if (text === undefined) return undefined
  try {
    const value = parseJson(text)
    return isObject(value) ? withSecretData(value) : undefined
  } catch {
    return undefined
  }
}
