/** Steps of tests of deliveries: what people and controllers do to a cluster beside them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Test } from 'tap'
import type { ApiServer } from '../support/api-server.ts'
import type { Cluster, DesiredObject, LiveObject } from '../../src/kubernetes/client/cluster.ts'
import type { Fields } from '../support/delivered-set.ts'
import { until } from './until.ts'
import { temporaryDirectory } from '../support/scope.ts'

/** A cluster for tests, and its API server. */
export type Plane = { readonly cluster: Cluster; readonly server: ApiServer }

const KUBECTL_LIMIT_MS = 60_000
/** Allows an object to be made again. */
export const RECREATE = { annotations: { 'pushless.internal/recreate': 'allowed' } }

/** Installs a webhook or a policy until the test ends, and waits until it refuses something. */
export async function install(
  t: Test,
  cluster: Cluster,
  object: DesiredObject,
  probe: () => Promise<void>,
): Promise<void> {
  const { metadata } = await cluster.create(object)
  const { apiVersion, kind } = object
  t.teardown(async () =>
    cluster.remove({ apiVersion, kind, namespace: undefined, name: metadata.name }, { uid: metadata.uid }),
  )
  await until(async () =>
    probe().then(
      () => undefined,
      () => true,
    ),
  )
}

export async function removeObject(cluster: Cluster, live: LiveObject | undefined): Promise<void> {
  if (live === undefined) throw new Error('it is not there')
  const { apiVersion, kind, metadata } = live
  await cluster.remove(
    { apiVersion, kind, namespace: metadata.namespace, name: metadata.name },
    { uid: metadata.uid },
  )
}

/** As `kubectl replace --force` does. */
export async function makeAgain(cluster: Cluster, live: LiveObject | undefined): Promise<void> {
  if (live === undefined) throw new Error('it is not there')
  await removeObject(cluster, live)
  const { name, namespace = '', annotations = null, labels = {} } = live.metadata as DesiredObject['metadata']
  await cluster.create({ ...live, metadata: { name, namespace, annotations, labels } })
}

export async function annotate(
  cluster: Cluster,
  live: LiveObject | undefined,
  annotations: Fields,
): Promise<void> {
  if (live === undefined) throw new Error('it is not there')
  await cluster.replace({ ...live, metadata: { ...live.metadata, annotations } })
}

export async function kubectlOf(t: Test, kubeconfig: string) {
  const home = await temporaryDirectory(t, 'kubectl')
  const file = join(home, 'config')
  await writeFile(file, kubeconfig)
  return async (args: readonly string[], input?: string): Promise<void> => {
    const env = { HOME: home, KUBECONFIG: file }
    await execa('kubectl', args, {
      env,
      timeout: KUBECTL_LIMIT_MS,
      ...(input === undefined ? {} : { input }),
    })
  }
}
