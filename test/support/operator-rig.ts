/** The operator on a real control plane: a provider with its kinds, and tenants as targets. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import pino from 'pino'
import { parseAllDocuments } from 'yaml'
import { fieldAt, listAt, textAt } from '../../src/core/json-fields.ts'
import type { Json } from '../../src/core/json.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { Cluster, DesiredObject, LiveObject } from '../../src/kubernetes/client/cluster.ts'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import type { OperatorOptions } from '../../src/operator/operator-options.ts'
import { runOperator } from '../../src/operator/run-operator.ts'
import { SourceError } from '../../src/operator/source/source-error.ts'
import { operatorStore } from './operator-store.ts'
import type { Scope } from './scope.ts'

export const PROFILES = { apiVersion: 'pushless.internal/v1alpha1', kind: 'DeliveryProfile' }
export const SETS = { apiVersion: 'pushless.internal/v1alpha1', kind: 'DeliverySet' }
const RENDERED = fileURLToPath(new URL('../../manifests/operator/rendered/operator.yaml', import.meta.url))
const READY_MS = 20_000
const ALL: Policy = { builds: true, fetches: true, allow: [], deny: [], systems: [] }

export function clusterOf(scope: Scope, kubeconfig: string): Cluster {
  const cluster = kubernetesCluster(parseKubeconfig(kubeconfig))
  scope.teardown(() => cluster.close())
  return cluster
}

/** Applies the operator's manifests but for its Deployment, whose image is a placeholder; the kinds first. */
export async function installOperator(cluster: Cluster): Promise<void> {
  const documents = parseAllDocuments(await readFile(RENDERED, 'utf8'))
  for (const document of documents) {
    const object = document.toJS() as DesiredObject
    if (object.kind !== 'Deployment') await cluster.apply(object, { force: true })
  }
  await until('the kinds are served', async () => {
    cluster.forgetKinds()
    return (await cluster.resource(PROFILES)) !== undefined && (await cluster.resource(SETS)) !== undefined
  })
}

export type RunningOperator = { readonly stop: () => Promise<void>; readonly options: OperatorOptions }

/** Starts an operator in this process. It ends with the scope, too. */
export function startOperator(
  scope: Scope,
  kubeconfig: string,
  directory: string,
  options: Partial<OperatorOptions> = {},
): RunningOperator {
  const end = new AbortController()
  const all = operatorOptions(kubeconfig, directory, options)
  const running = runOperator(all, end.signal)
  const stop = async (): Promise<void> => {
    end.abort(new Error('the test ended'))
    await running
  }
  scope.teardown(stop)
  return { stop, options: all }
}

export function operatorOptions(
  kubeconfig: string,
  directory: string,
  options: Partial<OperatorOptions> = {},
): OperatorOptions {
  return {
    access: parseKubeconfig(kubeconfig),
    lease: { namespace: 'default', name: 'pushless-operator', durationMs: 3000 },
    store: operatorStore(join(directory, 'store')),
    stateDirectory: join(directory, 'state'),
    policy: ALL,
    makeApp: async () => {
      throw new SourceError('NixMissing', 'there is no Nix in this test', { isFinal: true })
    },
    warm: async () => undefined,
    defaultServiceAccount: '',
    perTarget: 4,
    log: pino({ level: process.env['OPERATOR_LOG'] ?? 'silent' }),
    ...options,
  }
}

export function profile(
  namespace: string,
  name: string,
  spec: { readonly [field: string]: Json },
): DesiredObject {
  return { ...PROFILES, metadata: { namespace, name }, spec }
}

export function configMap(name: string, data: { readonly [key: string]: string }): DesiredObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }
}

/** The condition of an object, as `True Delivered`. */
export function conditionIn(live: LiveObject | undefined, type: string): string | undefined {
  const found = listAt(fieldAt(live, 'status'), 'conditions').find((one) => textAt(one, 'type') === type)
  return found === undefined ? undefined : `${textAt(found, 'status') ?? ''} ${textAt(found, 'reason') ?? ''}`
}

export function messageIn(live: LiveObject | undefined, type: string): string {
  const found = listAt(fieldAt(live, 'status'), 'conditions').find((one) => textAt(one, 'type') === type)
  return textAt(found, 'message') ?? ''
}

/** Waits until a profile has a condition at its newest generation. @returns the profile. */
export async function untilCondition(
  cluster: Cluster,
  name: { readonly namespace: string; readonly name: string },
  type: string,
  wanted: string,
  kind: { readonly apiVersion: string; readonly kind: string } = PROFILES,
): Promise<LiveObject> {
  let last: LiveObject | undefined
  await until(
    `${name.name} is ${type} ${wanted}`,
    async () => {
      last = await cluster.get({ ...kind, ...name })
      const found = listAt(fieldAt(last, 'status'), 'conditions').find((one) => textAt(one, 'type') === type)
      const isNew = fieldAt(found, 'observedGeneration') === last?.metadata['generation']
      return isNew && conditionIn(last, type) === wanted
    },
    () => JSON.stringify(last?.['status'], null, 1),
  )
  if (last === undefined) throw new Error(`${name.name} is gone`)
  return last
}

/** Asks again and again. @returns the milliseconds that it took. */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  describe: () => string = () => '',
): Promise<number> {
  const begun = performance.now()
  while (!(await isSo())) {
    if (performance.now() - begun > READY_MS)
      throw new Error(`not after ${READY_MS} ms: ${what}\n${describe()}`)
    await delay(25)
  }
  return performance.now() - begun
}
