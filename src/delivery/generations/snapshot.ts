/**
 * The objects of a generation, kept in the cluster: a rollback needs neither a build nor the machine that delivered.
 * They are Secrets, since objects may be Secrets, and cut into parts, since a Secret has a megabyte at most.
 */
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { textAt } from '../../core/json-fields.ts'
import { isList, isObject, parseJson, type Json } from '../../core/json.ts'
import type { DesiredObject, LiveObject, ObjectName } from '../../kubernetes/client/cluster.ts'
import type { GenerationEntry } from '../inventory/delivery-record.ts'
import type { GivenObject, SetName, SetObject } from '../set/object-set.ts'

export const SNAPSHOT_LABEL = 'pushless.internal/generation-of'
const SNAPSHOT_TYPE = 'pushless.internal/generation'
const GENERATION_LABEL = 'pushless.internal/generation'
const OBJECTS_FIELD = 'objects.json.gz'
const PARTS_FIELD = 'parts'
/** Bytes of a part. Kubernetes allows 1 MiB for all values of a Secret (core, MaxSecretSize). */
const PART_BYTES = 900_000
/** Hexadecimal digits of the content in a name. */
const CONTENT_DIGITS = 12

/** SHA-256 of the objects. Their order makes no difference. */
export function contentOf(objects: readonly SetObject[]): string {
  const texts = objects.map(({ desired }) => JSON.stringify(sorted(desired))).sort()
  return createHash('sha256').update(texts.join('\n')).digest('hex')
}

/** Two deliveries of a set may have one number, when the second takes over. Their objects must not be mixed up. */
export type SnapshotOf = Pick<GenerationEntry, 'generation' | 'content'>

export function snapshotName({ namespace, name }: SetName, snapshot: SnapshotOf, part: number): ObjectName {
  return { apiVersion: 'v1', kind: 'Secret', namespace, name: `${partPrefix(name, snapshot)}${part}` }
}

function partPrefix(name: string, { generation, content }: SnapshotOf): string {
  return `pushless-${name}-${generation}-${content.slice(0, CONTENT_DIGITS)}-`
}

/** Whether a Secret is a part of one of these snapshots. */
export function isPartOf({ metadata }: LiveObject, name: SetName, snapshots: readonly SnapshotOf[]): boolean {
  return snapshots.some((one) => metadata.name.startsWith(partPrefix(name.name, one)))
}

/** Returns the Secrets that keep the objects of a generation. */
export function writeSnapshot(
  name: SetName,
  snapshot: SnapshotOf,
  objects: readonly SetObject[],
): readonly DesiredObject[] {
  const packed = gzipSync(JSON.stringify(objects.map(({ desired }) => desired)))
  const count = Math.max(1, Math.ceil(packed.length / PART_BYTES))
  return Array.from({ length: count }, (_, part) => {
    const { apiVersion, kind, namespace, name: objectName } = snapshotName(name, snapshot, part)
    const bytes = packed.subarray(part * PART_BYTES, (part + 1) * PART_BYTES)
    return {
      apiVersion,
      kind,
      metadata: {
        name: objectName,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { [SNAPSHOT_LABEL]: name.name, [GENERATION_LABEL]: String(snapshot.generation) },
      },
      type: SNAPSHOT_TYPE,
      immutable: true,
      data: {
        [OBJECTS_FIELD]: bytes.toString('base64'),
        [PARTS_FIELD]: Buffer.from(String(count)).toString('base64'),
      },
    }
  })
}

/** The number of parts that a part says there are. */
export function partsOf(first: LiveObject): number {
  const text = Buffer.from(textAt(first, 'data', PARTS_FIELD) ?? '', 'base64').toString()
  return /^[1-9]\d{0,3}$/.test(text) ? Number(text) : 1
}

/** @param parts in their order. @throws SyntaxError for parts that don't make a snapshot. */
export function readSnapshot(parts: readonly LiveObject[], generation: number): readonly GivenObject[] {
  const packed = Buffer.concat(
    parts.map((part) => Buffer.from(textAt(part, 'data', OBJECTS_FIELD) ?? '', 'base64')),
  )
  let objects: Json
  try {
    objects = parseJson(gunzipSync(packed).toString())
  } catch (cause) {
    throw new SyntaxError('its parts can’t be unpacked', { cause })
  }
  if (!isList(objects)) throw new SyntaxError('it is not a list of objects')
  return objects.map((object) => {
    if (!isDesired(object)) throw new SyntaxError('it has something that is not an object')
    return { object, placeOf: () => `generation ${generation}` }
  })
}

function isDesired(value: Json): value is DesiredObject {
  return (
    isObject(value) &&
    ['apiVersion', 'kind'].every((key) => typeof value[key] === 'string') &&
    textAt(value, 'metadata', 'name') !== undefined
  )
}

/** With keys in one order, so that equal objects have equal texts. */
function sorted(value: Json): Json {
  if (isList(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key] ?? null)]),
  )
}
