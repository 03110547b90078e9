/**
 * Moves the fields that kubectl owns to pushless, so that the next server-side apply removes those that the set doesn't
 * have. Without it, left-overs of `kubectl apply` and `kubectl edit` stay for ever. kubectl does the same when it goes
 * from client-side to server-side apply.
 *
 * The patch changes `metadata.managedFields` alone, and drops kubectl's last-applied-configuration. It fails if the
 * object has changed since it was read. Ignored fields aren't moved, and pushless gives up those that it owns: a field
 * that pushless owns and no longer sends would be removed, and a Deployment without `replicas` has one Pod.
 */
import { fieldAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import { enter, escapePointer, readablePath, type FieldPath } from './field-path.ts'
import { follow, isIgnored, isTextMap, type IgnorePattern } from './ignore-pattern.ts'
import { isDelivered, isHuman, LAST_APPLIED } from './human-managers.ts'
import {
  NO_FIELDS,
  isEmptySet,
  managedEntries,
  ownedPaths,
  stepOf,
  subtract,
  unionOf,
  writeFieldSet,
  type FieldSet,
  type ManagedEntry,
} from './managed-fields.ts'

export type TakeOver = {
  /** A JSON patch (RFC 6902). */
  readonly operations: readonly Json[]
  /** The managers whose fields are taken, each once. */
  readonly managers: readonly string[]
  /** Ignored fields that pushless gives up, for people. */
  readonly released: readonly string[]
}

export type TakeOverOptions = {
  /** Further managers whose fields are taken, beside those of kubectl. */
  readonly managers?: readonly string[]
  readonly ignored?: readonly IgnorePattern[]
  /** Default: `pushless`. */
  readonly fieldManager?: string
}

/** @returns nothing where there is nothing to take over or to give up. */
export function takeOver(
  live: LiveObject,
  { managers = [], ignored = [], fieldManager = 'pushless' }: TakeOverOptions = {},
): TakeOver | undefined {
  const entries = managedEntries(live)
  const own = entries.find(
    ({ manager, operation, subresource }) =>
      manager === fieldManager && operation === 'Apply' && subresource === '',
  )
  // An update of pushless made the object, or was a patch; an apply would not remove its fields either.
  const isTaken = (entry: ManagedEntry) => isHuman(entry, [...managers, fieldManager]) && entry !== own
  const moves = entries
    .filter(isTaken)
    .map((entry) => ({ entry, moved: choose(entry.fields, live, ignored) }))
    .filter(({ moved }) => !isEmptySet(moved))
  const kept = own === undefined ? NO_FIELDS : choose(own.fields, live, ignored, () => true)
  const released = own === undefined ? NO_FIELDS : subtract(own.fields, kept)
  const hasAnnotation = fieldAt(live.metadata, 'annotations', LAST_APPLIED) !== undefined
  if (moves.length === 0 && isEmptySet(released) && !hasAnnotation) return undefined
  const merged = moves.reduce((all, { moved }) => unionOf(all, moved), kept)
  const next = [
    ...entries.filter((entry) => entry !== own).flatMap((entry) => remaining(entry, moves)),
    ...(isEmptySet(merged) ? [] : [applyEntry(live, own ?? moves[0]?.entry, merged, fieldManager)]),
  ]
  return {
    operations: [
      { op: 'test', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
      // An empty list is taken for no answer at all; one with an empty entry clears the field.
      { op: 'replace', path: '/metadata/managedFields', value: next.length === 0 ? [{}] : next },
      ...(hasAnnotation
        ? [{ op: 'remove', path: `/metadata/annotations/${escapePointer(LAST_APPLIED)}` }]
        : []),
    ],
    managers: [...new Set(moves.map(({ entry }) => entry.manager))],
    released: ownedPaths(released).map(readablePath),
  }
}

type Move = { readonly entry: ManagedEntry; readonly moved: FieldSet }

/** An entry without what is moved; nothing where all is. */
function remaining(entry: ManagedEntry, moves: readonly Move[]): readonly Json[] {
  const move = moves.find((one) => one.entry === entry)
  if (move === undefined) return [entry.raw]
  const rest = subtract(entry.fields, move.moved)
  return isEmptySet(rest) ? [] : [{ ...entryOf(entry), fieldsV1: writeFieldSet(rest) }]
}

function applyEntry(
  live: LiveObject,
  like: ManagedEntry | undefined,
  fields: FieldSet,
  manager: string,
): Json {
  return {
    ...(like === undefined ? {} : entryOf(like)),
    manager,
    operation: 'Apply',
    apiVersion: like?.apiVersion ?? live.apiVersion,
    fieldsType: 'FieldsV1',
    fieldsV1: writeFieldSet(fields),
  }
}

function entryOf({ raw }: ManagedEntry): { readonly [key: string]: Json } {
  return { ...(raw as { readonly [key: string]: Json }) }
}

/** The part of a set that is for the delivery to decide, without what is ignored. */
function choose(
  set: FieldSet,
  value: Json | undefined,
  ignored: readonly IgnorePattern[],
  isChosen: (path: FieldPath) => boolean = isDelivered,
  at: FieldPath = [],
): FieldSet {
  const children = new Map<string, FieldSet>()
  for (const [key, child] of set.children) {
    const step = stepOf(key)
    if (step === undefined) continue
    const entered = enter(value, step)
    const item = step.kind === 'item' ? step.keys : step.kind === 'value' ? step.value : undefined
    const visited =
      step.kind === 'field' ? { name: step.name } : { index: entered?.index, item: entered?.value ?? item }
    const below = follow(ignored, visited)
    const path = [...at, step]
    if (isIgnored(below) || !isChosen(path)) continue
    const chosen = choose(child, entered?.value, below, isChosen, path)
    // A map of annotations is nothing without those that are chosen.
    const isBare = step.kind === 'field' && isTextMap(step.name) && chosen.children.size === 0
    if (!isEmptySet(chosen) && !(isBare && child.children.size > 0)) children.set(key, chosen)
  }
  return { isOwned: set.isOwned, children }
}
