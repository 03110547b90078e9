/** A set that a test delivers to a real API server, in a namespace of its own. */
import { createHash } from 'node:crypto'
import type { Json } from '../../src/core/json.ts'
import { deliver, type DeliveryRequest, type DeliveryResult } from '../../src/delivery/deliver.ts'
import { deleteSet, type DeleteRequest } from '../../src/delivery/delete-set.ts'
import type { DeliveryEvent } from '../../src/delivery/delivery-event.ts'
import { displayName } from '../../src/delivery/set/object-name.ts'
import { loadRecord } from '../../src/delivery/inventory/record-store.ts'
import type { DeliveryRecord } from '../../src/delivery/inventory/delivery-record.ts'
import type { GivenObject, SetName } from '../../src/delivery/set/object-set.ts'
import type { Cluster, DesiredObject, LiveObject } from '../../src/kubernetes/client/cluster.ts'

export type Fields = { readonly [key: string]: Json }
/** Further fields of a request, or another cluster. */
type Choice = Partial<DeliveryRequest> & { readonly cluster?: Cluster }

export type DeliveredSet = {
  readonly name: SetName
  /** Events of all deliveries so far. */
  readonly events: readonly DeliveryEvent[]
  /** Delivers these objects; the revision is their digest, and objects that left the set are deleted. */
  readonly deliver: (objects: readonly DesiredObject[], choice?: Choice) => Promise<DeliveryResult>
  readonly remove: (choice?: Partial<DeleteRequest>) => Promise<readonly string[]>
  readonly record: () => Promise<DeliveryRecord | undefined>
  /** Display names in the inventory, sorted. */
  readonly inventory: () => Promise<readonly string[]>
  /** The object as the cluster has it. */
  readonly live: (object: DesiredObject) => Promise<LiveObject | undefined>
}

export async function makeNamespace(cluster: Cluster, name: string): Promise<string> {
  await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  return name
}

function givenObjects(objects: readonly DesiredObject[]): readonly GivenObject[] {
  return objects.map((object, i) => ({
    object,
    placeOf: (path) => [`objects.yaml:${i + 1}`, ...path].join(' '),
  }))
}

/** The digest of the objects' text. */
export function revisionOf(objects: readonly DesiredObject[]): string {
  return createHash('sha256').update(JSON.stringify(objects)).digest('hex')
}

/** Parts of a delivery that tests rarely change. */
export function deliveryRequest(name: SetName, objects: readonly DesiredObject[]): DeliveryRequest {
  return {
    name,
    revision: revisionOf(objects),
    objects: givenObjects(objects),
    namespace: name.namespace,
    ignore: [],
    isPruning: true,
    confirmed: new Set(),
    isAdopting: false,
    mayBeEmpty: false,
    mayShrink: false,
    isWaiting: false,
    healthMs: 10_000,
    historyLimit: 3,
    by: 'test',
    onEvent: () => undefined,
  }
}

export function deliveredSet(cluster: Cluster, namespace: string, set = 'web'): DeliveredSet {
  const name = { namespace, name: set }
  const events: DeliveryEvent[] = []
  const onEvent = (event: DeliveryEvent): void => void events.push(event)
  const record = async () => (await loadRecord(cluster, name))?.record
  return {
    name,
    events,
    deliver: async (objects, { cluster: other = cluster, ...choice } = {}) =>
      deliver(other, { ...deliveryRequest(name, objects), onEvent, ...choice }),
    remove: async (choice = {}) =>
      deleteSet(cluster, {
        name,
        isOrphaning: false,
        confirmed: new Set(),
        isDryRun: false,
        goneMs: 10_000,
        onEvent,
        ...choice,
      }),
    record,
    inventory: async () => ((await record())?.inventory ?? []).map(displayName).toSorted(),
    live: async ({ apiVersion, kind, metadata }) => {
      const resource = await cluster.resource({ apiVersion, kind })
      const own = resource?.isNamespaced === false ? undefined : (metadata.namespace ?? namespace)
      return cluster.get({ apiVersion, kind, namespace: own, name: metadata.name })
    },
  }
}

/** The error of what must fail. @throws Error where it doesn't. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  const failure: { readonly error: unknown } | undefined = await work.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  if (failure === undefined) throw new Error('it did not fail')
  return failure.error
}

export function configMap(name: string, data: Fields = { a: '1' }, metadata: Fields = {}): DesiredObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name }, data }
}

export function deployment(name: string, spec: Fields = {}, metadata: Fields = {}): DesiredObject {
  const labels = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...metadata, name, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'web', image: 'nix.internal/web:1' }] },
      },
      ...spec,
    },
  }
}

export function service(name: string): DesiredObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ port: 80 }] },
  }
}

/** A claim of 1 GiB by default. */
export function claim(
  name: string,
  storage = '1Gi',
  spec: Fields = {},
  metadata: Fields = {},
): DesiredObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...metadata, name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...spec },
  }
}

/** A kind of its own, such as `Widget` of `<group>/v1`. */
export function definition(group: string, kind: string, spec: Fields = {}): DesiredObject {
  const singular = kind.toLowerCase()
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${singular}s.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural: `${singular}s`, singular, listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
      ...spec,
    },
  }
}

export function custom(group: string, kind: string, name: string, fields: Fields = {}): DesiredObject {
  const { metadata = {}, ...others } = fields
  return { apiVersion: `${group}/v1`, kind, metadata: { ...(metadata as Fields), name }, ...others }
}
