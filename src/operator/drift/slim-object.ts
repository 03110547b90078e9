/**
 * The watch of drift remembers little of an object: a digest of what people may change, and who wrote last. A target may
 * have a hundred megabytes of objects, and the watch needs a hundred bytes of each.
 */
import { createHash } from 'node:crypto'
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { FIELD_MANAGER } from '../../kubernetes/client/kubernetes-cluster.ts'

const CONTENT = 'content'
const WRITERS = 'writers'
/** Fields that change without anybody changing the object, or whose order is another in lists. */
const NOT_METADATA = new Set(['managedFields', 'resourceVersion', 'generation'])
const NOT_CONTENT = new Set(['apiVersion', 'kind', 'metadata', 'status'])

/** Returns a cluster whose lists and watches give objects of two digests each. */
export function slimCluster(cluster: Cluster): Cluster {
  return {
    ...cluster,
    list: async (kind, options) => {
      const { items, resourceVersion } = await cluster.list(kind, options)
      return { items: items.map(slimObject), resourceVersion }
    },
    watch: async function* (kind, options) {
      for await (const event of cluster.watch(kind, options))
        yield event.kind === 'bookmark' ? event : { kind: event.kind, object: slimObject(event.object) }
    },
  }
}

/** Whether another program than this one may have changed the object. */
export function isSuspect(before: LiveObject, after: LiveObject): boolean {
  if (before[CONTENT] === after[CONTENT]) return false
  const known = fieldAt(before, WRITERS)
  const writers = fieldAt(after, WRITERS)
  // Without managed fields nobody can tell who wrote.
  if (!isObject(writers) || Object.keys(writers).length === 0) return true
  const isOwn = Object.entries(writers).every(
    ([writer, digest]) => writer === FIELD_MANAGER || fieldAt(known, writer) === digest,
  )
  // A field that another one removed again leaves no writer behind.
  return !isOwn || fieldAt(known, FIELD_MANAGER) === fieldAt(writers, FIELD_MANAGER)
}

export function slimObject(object: LiveObject): LiveObject {
  const { apiVersion, kind, metadata } = object
  const { name, namespace, uid, resourceVersion } = metadata
  const fields = Object.entries(metadata).filter(([field]) => !NOT_METADATA.has(field))
  const content = Object.entries(object).filter(([field]) => !NOT_CONTENT.has(field))
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion },
    [CONTENT]: digestOf([content, fields]),
    [WRITERS]: writersOf(metadata),
  }
}

/** Digests of what each manager owns, and when it wrote. Writers of the status are left out. */
function writersOf(metadata: Json): Json {
  const writers: { [manager: string]: string } = {}
  for (const entry of listAt(metadata, 'managedFields')) {
    if (textAt(entry, 'subresource') === 'status') continue
    const manager = textAt(entry, 'manager') ?? ''
    writers[manager] = digestOf([writers[manager] ?? '', entry])
  }
  return writers
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16)
}
