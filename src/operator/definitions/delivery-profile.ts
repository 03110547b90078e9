/**
 * Reads a DeliveryProfile into typed values. The API server has checked most of it by the schema of the definition, but a
 * profile may be older than the schema.
 */
import { fieldAt, listAt, textAt, textsAt } from '../../core/json-fields.ts'
import { isObject, type Json } from '../../core/json.ts'
import { faultOfSetName, type SetName } from '../../delivery/set/object-set.ts'
import type { IgnoreRule } from '../../delivery/drift/ignore-rules.ts'
import { parseIgnorePattern } from '../../delivery/drift/ignore-pattern.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import { parseDuration } from './duration.ts'
import { FINALIZER } from './operator-kinds.ts'
import { readSource, type ProfileSource } from './profile-source.ts'

type DriftMode = 'correct' | 'warn' | 'off'
type DeletionPolicy = 'prune' | 'orphan' | 'refuse'
/** A key of a Secret in the namespace of the profile. */
export type SecretKey = { readonly name: string; readonly key: string }

/** The place where a set is delivered to, as the profile names it. */
export type TargetSpec = {
  /** The cluster of the operator where there is none. */
  readonly kubeconfig: SecretKey | undefined
  /** Objects that name no namespace, and the record of the set, are there. */
  readonly namespace: string
  readonly serviceAccount: string | undefined
}

export type ProfileSpec = {
  readonly source: ProfileSource
  readonly target: TargetSpec
  readonly intervalMs: number
  readonly retryIntervalMs: number
  readonly timeoutMs: number
  readonly isPruning: boolean
  readonly drift: DriftMode
  readonly isWaiting: boolean
  readonly dependsOn: readonly SetName[]
  readonly ignore: readonly IgnoreRule[]
  readonly historyLimit: number
  readonly rollbackTo: number | undefined
  /** Names such as `Namespace shop`, of protected objects that may be deleted. */
  readonly confirmed: ReadonlySet<string>
  readonly isAdopting: boolean
  readonly mayBeEmpty: boolean
  readonly mayShrink: boolean
}

export type DeliveryProfile = {
  readonly name: SetName
  readonly uid: string
  readonly generation: number
  readonly isDeleting: boolean
  readonly hasFinalizer: boolean
  readonly isSuspended: boolean
  readonly deletionPolicy: DeletionPolicy
  /** A message where the spec can't be used. */
  readonly spec: ProfileSpec | string
  readonly live: LiveObject
}

const MODES: readonly DriftMode[] = ['correct', 'warn', 'off']
const POLICIES: readonly DeletionPolicy[] = ['prune', 'orphan', 'refuse']
/** As the schema of the definition has them. */
const DEFAULTS = { interval: '10m', retryInterval: '1m', timeout: '5m', historyLimit: 10, key: 'value' }

export function readProfile(live: LiveObject): DeliveryProfile {
  const { metadata } = live
  const name = { namespace: metadata.namespace ?? '', name: metadata.name }
  const spec = fieldAt(live, 'spec')
  const generation = metadata['generation']
  return {
    name,
    uid: metadata.uid,
    generation: typeof generation === 'number' ? generation : 0,
    isDeleting: metadata['deletionTimestamp'] !== undefined,
    hasFinalizer: textsAt(metadata, 'finalizers').includes(FINALIZER),
    isSuspended: fieldAt(spec, 'suspend') === true,
    deletionPolicy: POLICIES.find((one) => one === textAt(spec, 'deletionPolicy')) ?? 'prune',
    spec: readSpec(spec, name),
    live,
  }
}

function readSpec(spec: Json | undefined, name: SetName): ProfileSpec | string {
  const fault = faultOfSetName(name.name)
  if (fault !== undefined) return `metadata.name: ${fault}`
  const source = readSource(fieldAt(spec, 'source'))
  if (typeof source === 'string') return source
  const times = { interval: 0, retryInterval: 0, timeout: 0 }
  for (const field of ['interval', 'retryInterval', 'timeout'] as const) {
    const text = textAt(spec, field) ?? DEFAULTS[field]
    const parsed = parseDuration(text)
    if (parsed === undefined || parsed === 0)
      return `spec.${field}: ${JSON.stringify(text)} is no duration: expected 30s, 10m, 1h30m or the like`
    times[field] = parsed
  }
  const ignore = readIgnore(spec)
  if (typeof ignore === 'string') return ignore
  return {
    source,
    target: readTarget(spec, name),
    intervalMs: times.interval,
    retryIntervalMs: times.retryInterval,
    timeoutMs: times.timeout,
    isPruning: fieldAt(spec, 'prune') !== false,
    drift: MODES.find((one) => one === textAt(spec, 'drift')) ?? 'correct',
    isWaiting: fieldAt(spec, 'wait') === true,
    dependsOn: listAt(spec, 'dependsOn').map((one) => ({
      namespace: textAt(one, 'namespace') ?? name.namespace,
      name: textAt(one, 'name') ?? '',
    })),
    ignore,
    historyLimit: numberAt(spec, 'historyLimit') ?? DEFAULTS.historyLimit,
    rollbackTo: numberAt(spec, 'rollbackTo'),
    confirmed: new Set(textsAt(spec, 'confirm')),
    isAdopting: fieldAt(spec, 'adopt') === true,
    mayBeEmpty: fieldAt(spec, 'allowEmpty') === true,
    mayShrink: fieldAt(spec, 'allowShrink') === true,
  }
}

/** The target alone, which a deletion needs even where the rest of the spec can't be used. */
export function readTarget(spec: Json | undefined, { namespace }: SetName): TargetSpec {
  const secret = textAt(spec, 'target', 'kubeConfig', 'secretRef', 'name')
  return {
    kubeconfig:
      secret === undefined
        ? undefined
        : { name: secret, key: textAt(spec, 'target', 'kubeConfig', 'secretRef', 'key') ?? DEFAULTS.key },
    namespace: textAt(spec, 'targetNamespace') ?? namespace,
    serviceAccount: textAt(spec, 'serviceAccountName'),
  }
}

function readIgnore(spec: Json | undefined): readonly IgnoreRule[] | string {
  const rules: IgnoreRule[] = []
  for (const rule of listAt(spec, 'ignore')) {
    const paths = textsAt(rule, 'paths')
    try {
      paths.forEach(parseIgnorePattern)
    } catch (error) {
      return `spec.ignore: ${error instanceof Error ? error.message : String(error)}`
    }
    const target = fieldAt(rule, 'target')
    rules.push(isObject(target) ? { paths, target } : { paths })
  }
  return rules
}

function numberAt(value: Json | undefined, field: string): number | undefined {
  const found = fieldAt(value, field)
  return typeof found === 'number' && Number.isSafeInteger(found) && found > 0 ? found : undefined
}
