/**
 * The inventory of a set: the objects that were applied to a cluster for it. What is pruned is found here alone, never
 * by labels, since controllers copy labels to objects of their own.
 */
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import { parseJson, type Json } from '../../core/json.ts'
import type { ObjectName } from '../../kubernetes/client/cluster.ts'
import { keyOf } from '../set/object-name.ts'

export type InventoryEntry = ObjectName & {
  /** `undefined` while a delivery is under way that may or may not have made the object. */
  readonly uid: string | undefined
  /** False for an object that stays when it leaves the set. */
  readonly isPruned: boolean
}

export type Inventory = readonly InventoryEntry[]

/**
 * Returns the inventory that is written before a delivery begins: a delivery that is killed has made a part of these
 * objects. The next entry of an object replaces the old one, since an object that is made again gets another UID.
 */
export function joinInventories(old: Inventory, next: Inventory): Inventory {
  return [...new Map([...old, ...next].map((entry) => [keyOf(entry), entry])).values()]
}

/** Returns the entries that a new set doesn't have. */
export function leavingEntries(old: Inventory, next: readonly ObjectName[]): Inventory {
  const kept = new Set(next.map(keyOf))
  return old.filter((entry) => !kept.has(keyOf(entry)))
}

/** Writes an inventory as short as it can be: 5,000 entries have to fit into an object of the cluster. */
export function writeInventory(inventory: Inventory): string {
  const kinds = Map.groupBy(inventory, ({ apiVersion, kind }) => JSON.stringify([apiVersion, kind]))
  return JSON.stringify(
    [...kinds.values()].map((entries) => ({
      apiVersion: entries[0]?.apiVersion,
      kind: entries[0]?.kind,
      objects: entries.map(({ namespace, name, uid, isPruned }) => ({
        ...(namespace === undefined ? {} : { namespace }),
        name,
        ...(uid === undefined ? {} : { uid }),
        ...(isPruned ? {} : { prune: false }),
      })),
    })),
  )
}

/** @throws SyntaxError for a text that `writeInventory` did not write. */
export function readInventory(text: string): Inventory {
  const kinds: Json = parseJson(text)
  if (!Array.isArray(kinds)) throw new SyntaxError('an inventory is a list')
  return (kinds as readonly Json[]).flatMap((group) =>
    listAt(group, 'objects').map((object) => ({
      apiVersion: required(group, 'apiVersion'),
      kind: required(group, 'kind'),
      namespace: textAt(object, 'namespace'),
      name: required(object, 'name'),
      uid: textAt(object, 'uid'),
      isPruned: fieldAt(object, 'prune') !== false,
    })),
  )
}

function required(value: Json, field: string): string {
  const text = textAt(value, field)
  if (text === undefined) throw new SyntaxError(`an inventory has no ${field}`)
  return text
}
