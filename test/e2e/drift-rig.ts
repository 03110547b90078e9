/** Looks for drift, and corrects it, as a delivery does; and kubectl, which makes it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Json } from '../../src/core/json.ts'
import type { Cluster, DesiredObject, LiveObject, ObjectName } from '../../src/kubernetes/client/cluster.ts'
import { readKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { applyObject } from '../../src/delivery/apply/apply-object.ts'
import { checkObject, type Check } from '../../src/delivery/plan/check-object.ts'
import { NOTHING_COMING } from '../../src/delivery/plan/coming-with.ts'
import type { SetObject } from '../../src/delivery/set/object-set.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const KUBECTL_LIMIT_MS = 60_000

type Parts = { readonly [key: string]: Json }

export function deployment(
  name: string,
  spec: Parts = {},
  metadata: Parts = {},
  container: Parts = {},
): DesiredObject {
  const labels = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default', labels, ...metadata },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            { name: 'web', image: 'a:1', resources: { requests: { cpu: '1000m' } }, ...container },
          ],
        },
      },
      ...spec,
    },
  }
}

export function nameOf({ apiVersion, kind, metadata }: DesiredObject): ObjectName {
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name }
}

/** The drift of an object, each field by its readable path. */
export async function driftOf(
  cluster: Cluster,
  desired: DesiredObject,
  scaled: ReadonlySet<string> = new Set(),
) {
  const change = await checkObject(cluster, memberOf(desired), checkWith(scaled))
  const { differences, foreign } = change.kind === 'change' ? change : { differences: [], foreign: [] }
  return {
    differences: differences.map(({ kind, readable }) => `${kind} ${readable}`),
    foreign: foreign.map(({ readable, manager }) => `${readable} ${manager}`),
  }
}

/** @returns whose fields were taken, and what was given up. */
export async function correct(
  cluster: Cluster,
  desired: DesiredObject,
  scaled: ReadonlySet<string> = new Set(),
  stale?: LiveObject,
) {
  const [object, check] = [memberOf(desired), checkWith(scaled)]
  // The object as it was read before somebody changed it.
  const reading = stale === undefined ? cluster : { ...cluster, get: () => Promise.resolve(stale) }
  const change = await checkObject(reading, object, check)
  await applyObject(cluster, { object, change }, check)
  const taken = 'next' in change ? change.next.takeOver : undefined
  return { managers: taken?.managers, released: taken?.released }
}

/** An object of a set, without the annotation that names the set. */
function memberOf(desired: DesiredObject): SetObject {
  return {
    object: desired,
    desired,
    name: nameOf(desired),
    placeOf: () => 'objects.yaml:1',
    wave: 0,
    isPruned: true,
    mayBeRecreated: false,
  }
}

function checkWith(scaled: ReadonlySet<string>): Check {
  return {
    owner: 'default/drift',
    isAdopting: false,
    ignore: { scaled, namespace: 'default' },
    coming: NOTHING_COMING,
  }
}

export async function liveOf(cluster: Cluster, desired: DesiredObject): Promise<LiveObject> {
  const live = await cluster.get(nameOf(desired))
  if (live === undefined) throw new Error(`${desired.metadata.name} is not there`)
  return live
}

export async function kubectlOf(scope: Scope, kubeconfig: string) {
  const home = await temporaryDirectory(scope, 'drift')
  const file = join(home, 'config')
  await writeFile(file, kubeconfig)
  const kubectl = async (args: readonly string[], options: { input?: string; editor?: string } = {}) =>
    execa('kubectl', args, {
      env: { HOME: home, KUBECONFIG: file, KUBE_EDITOR: options.editor ?? 'false' },
      timeout: KUBECTL_LIMIT_MS,
      ...(options.input === undefined ? {} : { input: options.input }),
    })
  return { kubectl, cluster: kubernetesCluster(readKubeconfig({ file, environment: {} })) }
}
