/**
 * Sets of fields as `metadata.managedFields` has them (`FieldsV1`): a tree whose keys are steps, `f:<field>`,
 * `k:<keys of an item>`, `v:<value>` and `i:<index>`. A node that is owned itself has `.`, or nothing below it.
 * https://pkg.go.dev/sigs.k8s.io/structured-merge-diff/v6/fieldpath
 */
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import { isObject, parseJson, type Json } from '../../core/json.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import type { FieldPath, Step } from './field-path.ts'

export type FieldSet = {
  readonly isOwned: boolean
  /** By their steps, in the form of `FieldsV1`. */
  readonly children: ReadonlyMap<string, FieldSet>
}

/** One entry of `metadata.managedFields`. */
export type ManagedEntry = {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly time: string | undefined
  /** Empty for the object itself. */
  readonly subresource: string
  readonly fields: FieldSet
  /** The entry as it is. */
  readonly raw: Json
}

export const NO_FIELDS: FieldSet = { isOwned: false, children: new Map() }

export function managedEntries(live: LiveObject): readonly ManagedEntry[] {
  return listAt(live.metadata, 'managedFields').map((raw) => ({
    manager: textAt(raw, 'manager') ?? '',
    operation: textAt(raw, 'operation') === 'Apply' ? 'Apply' : 'Update',
    apiVersion: textAt(raw, 'apiVersion') ?? '',
    time: textAt(raw, 'time'),
    subresource: textAt(raw, 'subresource') ?? '',
    fields: readFieldSet(fieldAt(raw, 'fieldsV1')),
    raw,
  }))
}

/** Reads a `fieldsV1`. The root is no field. */
export function readFieldSet(value: Json | undefined): FieldSet {
  return { isOwned: false, children: isObject(value) ? childrenOf(value) : new Map() }
}

/** Writes a `fieldsV1`. */
export function writeFieldSet({ isOwned, children }: FieldSet): Json {
  const below = [...children].map(([key, child]) => [key, writeFieldSet(child)] as const)
  return Object.fromEntries(isOwned && children.size > 0 ? [['.', {}] as const, ...below] : below)
}

export function isEmptySet({ isOwned, children }: FieldSet): boolean {
  return !isOwned && children.size === 0
}

export function unionOf(one: FieldSet, other: FieldSet): FieldSet {
  const children = new Map(one.children)
  for (const [key, child] of other.children) {
    const known = children.get(key)
    children.set(key, known === undefined ? child : unionOf(known, child))
  }
  return { isOwned: one.isOwned || other.isOwned, children }
}

/** Returns the fields of one set that the other doesn't have. */
export function subtract(one: FieldSet, other: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>()
  for (const [key, child] of one.children) {
    const removed = other.children.get(key)
    const kept = removed === undefined ? child : subtract(child, removed)
    if (!isEmptySet(kept)) children.set(key, kept)
  }
  return { isOwned: one.isOwned && !other.isOwned, children }
}

/** The paths of all fields that are owned themselves. */
export function ownedPaths(set: FieldSet, at: FieldPath = []): readonly FieldPath[] {
  return [
    ...(set.isOwned ? [at] : []),
    ...[...set.children].flatMap(([key, child]) => {
      const step = stepOf(key)
      return step === undefined ? [] : ownedPaths(child, [...at, step])
    }),
  ]
}

/** @returns nothing for a key in a form that isn't known. */
export function stepOf(key: string): Step | undefined {
  const rest = key.slice(2)
  switch (key.slice(0, 2)) {
    case 'f:':
      return { kind: 'field', name: rest }
    case 'k:': {
      const keys = jsonOf(rest)
      return isObject(keys) ? { kind: 'item', keys } : undefined
    }
    case 'v:': {
      const value = jsonOf(rest)
      return value === undefined ? undefined : { kind: 'value', value }
    }
    case 'i:':
      return /^\d+$/.test(rest) ? { kind: 'index', index: Number(rest) } : undefined
    default:
      return undefined
  }
}

function childrenOf(value: { readonly [key: string]: Json }): ReadonlyMap<string, FieldSet> {
  return new Map(
    Object.entries(value)
      .filter(([key]) => key !== '.')
      .map(([key, child]) => {
        const children = isObject(child) ? childrenOf(child) : new Map<string, FieldSet>()
        return [key, { isOwned: children.size === 0 || fieldAt(child, '.') !== undefined, children }]
      }),
  )
}

function jsonOf(text: string): Json | undefined {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
