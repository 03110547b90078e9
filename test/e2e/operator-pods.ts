/**
 * The operator as its manifests have it: its own image, in the Pods of its own Deployment, with no rights but its own. The
 * objects are those that `pushless install operator` prints.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { parseAllDocuments } from 'yaml'
import { fieldAt, listAt, textAt } from '../../src/core/json-fields.ts'
import type { Json } from '../../src/core/json.ts'
import type { Cluster, DesiredObject, LiveObject } from '../../src/kubernetes/client/cluster.ts'
import { imageName } from './client.ts'
import { until } from './until.ts'
import { registryImage } from '../fixtures/registry-image.ts'
import { serveCache } from '../support/binary-cache.ts'
import { deployerRole } from '../support/deployer-role.ts'
import { freePort } from '../support/free-port.ts'
import type { Kubelet } from '../support/kubelet.ts'
import { nixStore, only } from '../support/nix.ts'
import { profile, untilCondition } from '../support/operator-rig.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'
import { signedCache } from '../support/signed-cache.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
export const OPERATOR_NAMESPACE = 'pushless-operator'
const LIMIT_MS = 60_000
/** Pods of the operator that a test makes: each has a port of its own, since all are in the host's network. */
const MAX_PODS = 8

/** The patch of a Pod of the operator, which makes it reach the API server without a cluster's network. */
export async function operatorPatch(server: string): Promise<() => readonly Json[]> {
  const { hostname, port: serverPort } = new URL(server)
  const ports = await Promise.all(Array.from({ length: MAX_PODS }, async () => freePort()))
  const container = '/spec/containers/0'
  return () => {
    const port = ports.shift()
    if (port === undefined) throw new Error(`more than ${MAX_PODS} Pods of the operator`)
    return [
      { op: 'add', path: `${container}/env/-`, value: { name: 'KUBERNETES_SERVICE_HOST', value: hostname } },
      {
        op: 'add',
        path: `${container}/env/-`,
        value: { name: 'KUBERNETES_SERVICE_PORT', value: serverPort },
      },
      { op: 'replace', path: `${container}/ports/0/containerPort`, value: port },
      { op: 'replace', path: `${container}/args/2`, value: `0.0.0.0:${port}` },
      { op: 'replace', path: `${container}/readinessProbe/periodSeconds`, value: 1 },
      // As long as the test may wait for another leader.
      { op: 'add', path: `${container}/args/-`, value: '--lease-seconds=4' },
    ]
  }
}

/** Sets of manifests in a binary cache, and the objects that run the operator with it. */
export async function operatorInstallation(
  scope: Scope,
  namespace: string,
  sets: readonly DesiredObject[],
): Promise<{ readonly objects: readonly DesiredObject[]; readonly paths: readonly string[] }> {
  const directory = await temporaryDirectory(scope, 'operator-pods')
  const paths = await Promise.all(
    sets.map(async (object, i) => {
      const file = join(directory, `set-${i}.json`)
      await writeFile(file, JSON.stringify(object))
      return only(await nixStore('--add', file))
    }),
  )
  const cache = await signedCache(join(directory, 'cache'), paths, 'compression=zstd')
  const { url } = await serveCache(scope, cache.directory)
  const image = imageName(await registryImage(scope))
  const printed = await Promise.all([
    install('operator', '--image', image, '--caches', url, '--trusted-keys', cache.key),
    install('operator-access', '--namespace', namespace, '--account', 'default'),
  ])
  return { paths, objects: [...printed.flat().map(unrestricted), ...deployerRole(namespace, 'default')] }
}

/** Waits until two Pods are ready. @returns the Pod that leads, as its metrics say, and the other. */
export async function leadingPod({
  cluster,
  kubelet,
}: {
  readonly cluster: Cluster
  readonly kubelet: Kubelet
}): Promise<{ readonly leader: LiveObject; readonly other: LiveObject }> {
  let pods: readonly LiveObject[] = []
  const look = async () => {
    const { items } = await cluster.list(
      { apiVersion: 'v1', kind: 'Pod' },
      { namespace: OPERATOR_NAMESPACE, labelSelector: 'app.kubernetes.io/name=pushless-operator' },
    )
    pods = items
    const ready = items.filter((pod) =>
      listAt(pod['status'], 'conditions').some(
        (one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True',
      ),
    )
    if (ready.length !== 2) return undefined
    const leads = await Promise.all(ready.map(isLeading))
    const leader = ready[leads.indexOf(true)]
    const other = ready[leads.indexOf(false)]
    return leader === undefined || other === undefined ? undefined : { leader, other }
  }
  try {
    return await until(look, LIMIT_MS)
  } catch (cause) {
    const logs = await kubelet.logs('operator')
    const told = [
      ...logs.slice(-20),
      ...kubelet.events().slice(-20),
      ...pods.map((pod) => JSON.stringify(pod['status'])),
    ]
    throw new Error(`no two Pods of the operator of which one leads:\n${told.join('\n')}`, { cause })
  }
}

/** Delivers a path by a profile. @returns the milliseconds until it is ready. */
export async function deliverPath(cluster: Cluster, namespace: string, path: string): Promise<number> {
  const begun = performance.now()
  await cluster.apply(profile(namespace, 'web', { source: { storePath: path } }), { force: true })
  await untilCondition(cluster, { namespace, name: 'web' }, 'Ready', 'True Delivered')
  return performance.now() - begun
}

/** Ends the process of a Pod without a warning. */
export async function killPod(kubelet: Kubelet, pod: LiveObject): Promise<void> {
  const [status] = listAt(pod['status'], 'containerStatuses')
  await kubelet.kill(textAt(status, 'containerID')?.replace('containerd://', '') ?? '')
}

/** Whether a Pod leads, as its metrics say. */
export async function isLeading(pod: LiveObject): Promise<boolean> {
  const [container] = listAt(pod['spec'], 'containers')
  const [port] = listAt(container, 'ports')
  const url = `http://127.0.0.1:${JSON.stringify(fieldAt(port, 'containerPort'))}/metrics`
  const metrics = await fetch(url).then(
    async (answer) => answer.text(),
    () => '',
  )
  return /^pushless_operator_leading 1$/m.test(metrics)
}

async function install(...args: readonly string[]): Promise<readonly DesiredObject[]> {
  const command = ['--disable-warning=ExperimentalWarning', MAIN, 'install', ...args, '--print']
  const { stdout } = await execa(process.execPath, command, { timeout: LIMIT_MS })
  return parseAllDocuments(stdout).map((document) => document.toJS() as DesiredObject)
}

/** The standard of the namespace forbids the host's network, which the Pods of this test need. */
function unrestricted(object: DesiredObject): DesiredObject {
  if (object.kind !== 'Namespace') return object
  const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' }
  return { ...object, metadata: { ...object.metadata, labels } }
}
