/**
 * The record of a set in its cluster: what was delivered, when, by whom, and which objects belong to it. It is a ConfigMap
 * that people can read, of which the inventory alone is compressed.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import { parseJson, type Json } from '../../core/json.ts'
import type { DesiredObject, LiveObject, ObjectName } from '../../kubernetes/client/cluster.ts'
import type { SetName } from '../set/object-set.ts'
import { readInventory, writeInventory, type Inventory } from './inventory.ts'

export type Outcome = 'delivered' | 'unhealthy' | 'failed'

/** One delivery that changed what the set is. */
export type GenerationEntry = {
  /** Counted from 1. */
  readonly generation: number
  readonly revision: string
  /** SHA-256 of the objects, hexadecimal. */
  readonly content: string
  /** RFC 3339. */
  readonly deliveredAt: string
  /** The user and machine, or the profile of an operator. */
  readonly by: string
  readonly outcome: Outcome
  /** A short reason of a failure, or a note such as `rollback to 3`. */
  readonly note: string | undefined
  readonly objects: number
}

/** A delivery that has begun. One that was killed stays until the next. */
export type Attempt = {
  readonly id: string
  readonly generation: number
  readonly revision: string
  /** RFC 3339. */
  readonly startedAt: string
  readonly by: string
}

export type DeliveryRecord = {
  readonly name: SetName
  /** The identity of the cluster. A copy of the record in another cluster is no reason to delete anything there. */
  readonly cluster: string
  /** Oldest first. */
  readonly history: readonly GenerationEntry[]
  readonly attempt: Attempt | undefined
  readonly inventory: Inventory
}

/** A record as the cluster has it, which is replaced only if nobody else has replaced it. */
export type StoredRecord = { readonly record: DeliveryRecord; readonly live: LiveObject }

export const RECORD_LABEL = 'pushless.internal/record'
export const RECORD_FIELD = 'record.json'
const INVENTORY_FIELD = 'inventory.json.gz'
const OUTCOMES: readonly Outcome[] = ['delivered', 'unhealthy', 'failed']

export function recordName({ namespace, name }: SetName): ObjectName {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: `pushless-${name}` }
}

/** The generation that was delivered last, whether it became healthy or not. */
export function currentGeneration({ history }: Pick<DeliveryRecord, 'history'>): GenerationEntry | undefined {
  return history.at(-1)
}

export function writeRecord({ name, inventory, ...facts }: DeliveryRecord): DesiredObject {
  const { apiVersion, kind, namespace, name: objectName } = recordName(name)
  return {
    apiVersion,
    kind,
    metadata: {
      name: objectName,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [RECORD_LABEL]: name.name },
    },
    data: { [RECORD_FIELD]: `${JSON.stringify(facts, null, 2)}\n` },
    binaryData: { [INVENTORY_FIELD]: gzipSync(writeInventory(inventory)).toString('base64') },
  }
}

/** @throws SyntaxError with the reason, for an object that isn't such a record. */
export function readRecord(name: SetName, live: LiveObject): DeliveryRecord {
  const facts = parseJson(textAt(live, 'data', RECORD_FIELD) ?? 'null')
  const packed = textAt(live, 'binaryData', INVENTORY_FIELD)
  if (packed === undefined) throw new SyntaxError(`it has no ${INVENTORY_FIELD}`)
  const attempt = fieldAt(facts, 'attempt')
  return {
    name,
    cluster: text(facts, 'cluster'),
    history: listAt(facts, 'history').map(readGeneration),
    attempt: attempt === undefined ? undefined : readAttempt(attempt),
    inventory: readInventory(unpack(packed)),
  }
}

function unpack(packed: string): string {
  try {
    return gunzipSync(Buffer.from(packed, 'base64')).toString()
  } catch (cause) {
    throw new SyntaxError(`its ${INVENTORY_FIELD} can't be unpacked`, { cause })
  }
}

function readGeneration(value: Json): GenerationEntry {
  const outcome = OUTCOMES.find((one) => one === textAt(value, 'outcome'))
  if (outcome === undefined) throw new SyntaxError('a generation of it has no outcome')
  return {
    generation: count(value, 'generation'),
    revision: text(value, 'revision'),
    content: text(value, 'content'),
    deliveredAt: text(value, 'deliveredAt'),
    by: text(value, 'by'),
    outcome,
    note: textAt(value, 'note'),
    objects: count(value, 'objects'),
  }
}

function readAttempt(value: Json): Attempt {
  return {
    id: text(value, 'id'),
    generation: count(value, 'generation'),
    revision: text(value, 'revision'),
    startedAt: text(value, 'startedAt'),
    by: text(value, 'by'),
  }
}

function text(value: Json, field: string): string {
  const found = textAt(value, field)
  if (found === undefined) throw new SyntaxError(`it has no ${field}`)
  return found
}

function count(value: Json, field: string): number {
  const found = fieldAt(value, field)
  if (typeof found !== 'number' || !Number.isSafeInteger(found)) throw new SyntaxError(`it has no ${field}`)
  return found
}
