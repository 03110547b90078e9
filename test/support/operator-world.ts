/** A provider with the operator's kinds, a tenant with its kubeconfig in a Secret, and short ways to both. */
import { join } from 'node:path'
import { fieldAt, listAt, textAt } from '../../src/core/json-fields.ts'
import type { Json } from '../../src/core/json.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import type { Cluster, DesiredObject, LiveObject } from '../../src/kubernetes/client/cluster.ts'
import type { ApiServer } from './api-server.ts'
import { startControlPlane } from './control-plane.ts'
import {
  PROFILES,
  clusterOf,
  configMap,
  installOperator,
  profile,
  until,
  untilCondition,
} from './operator-rig.ts'
import { putManifests } from './operator-store.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

/** The target of a profile: the tenant with this name. */
export function targetIn(name: string): { readonly kubeConfig: Json } {
  return { kubeConfig: { secretRef: { name } } }
}

/** @param tenants their names, which are also those of the Secrets. */
export async function startOperatorWorld(scope: Scope, tenants: readonly string[]) {
  const directory = await temporaryDirectory(scope, 'operator')
  const plane = await startControlPlane(scope, { tenants })
  const own = clusterOf(scope, plane.provider.kubeconfig)
  await installOperator(own)
  const servers = new Map<string, ApiServer>()
  const clusters = new Map<string, Cluster>()
  for (const [i, name] of tenants.entries()) {
    const server = plane.tenants[i]
    if (server === undefined) throw new Error(`no tenant ${name}`)
    servers.set(name, server)
    clusters.set(name, clusterOf(scope, server.kubeconfig))
    await own.apply(kubeconfigSecret(name, server.kubeconfig))
  }
  const clusterNamed = (name: string): Cluster => {
    const cluster = clusters.get(name)
    if (cluster === undefined) throw new Error(`no tenant ${name}`)
    return cluster
  }
  const map = async (tenant: string, name: string) =>
    clusterNamed(tenant).get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name })
  return {
    directory,
    own,
    provider: plane.provider,
    server: (name: string) => servers.get(name),
    cluster: clusterNamed,
    /** The data of a ConfigMap in a tenant. */
    dataOf: async (tenant: string, name: string) => fieldAt(await map(tenant, name), 'data'),
    map,
    /** Puts a ConfigMap of this name into the store. */
    put: async (
      name: string,
      data: { readonly [key: string]: string },
      ...others: readonly DesiredObject[]
    ) => putManifests(join(directory, 'store'), name, [configMap(name, data), ...others]),
    /** Applies a profile. */
    apply: async (name: string, path: StorePath | undefined, spec: { readonly [field: string]: Json } = {}) =>
      own.apply(
        profile('default', name, { ...(path === undefined ? {} : { source: { storePath: path } }), ...spec }),
        { force: true, fieldManager: 'test' },
      ),
    profile: async (name: string) => own.get({ ...PROFILES, namespace: 'default', name }),
    until: async (name: string, type: string, wanted: string) =>
      untilCondition(own, { namespace: 'default', name }, type, wanted),
    untilGone: async (name: string) =>
      until(
        `${name} is gone`,
        async () => (await own.get({ ...PROFILES, namespace: 'default', name })) === undefined,
      ),
    remove: async (name: string) => {
      const live = await own.get({ ...PROFILES, namespace: 'default', name })
      if (live !== undefined)
        await own.remove({ ...PROFILES, namespace: 'default', name }, { uid: live.metadata.uid })
    },
    /** The reasons of events about an object. */
    reasons: async (name: string) =>
      (await eventsOf(own, name)).map((event) => textAt(event, 'reason') ?? ''),
  }
}

export function kubeconfigSecret(name: string, kubeconfig: string): DesiredObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'default', name, labels: { tenant: 'yes' } },
    data: { value: Buffer.from(kubeconfig).toString('base64') },
  }
}

export function historyOf(live: LiveObject | undefined): readonly Json[] {
  return listAt(fieldAt(live, 'status'), 'history')
}

async function eventsOf(own: Cluster, name: string): Promise<readonly LiveObject[]> {
  const { items } = await own.list(
    { apiVersion: 'events.k8s.io/v1', kind: 'Event' },
    { namespace: 'default' },
  )
  return items.filter((event) => textAt(event, 'regarding', 'name') === name)
}
