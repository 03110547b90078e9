/**
 * Whether objects are what Kubernetes of a certain version takes: by its own schemas, or for custom resources by those
 * of their CustomResourceDefinitions, where these are at hand. The same as manifests/check in Nix.
 */
import { isObject, type Json } from '../../core/json.ts'
import { countCelRules } from './custom/cel-rules.ts'
import { checkCustom } from './custom/check-custom.ts'
import { checkDefinition } from './custom/check-definition.ts'
import { checkName } from './rules/check-rules.ts'
import { checkValue } from './check-value.ts'
import { nearest } from './nearest.ts'
import { ROOT, field, withoutRepeats, wrong, type Place, type Problem } from './problem.ts'
import type { KubernetesSchema, Scope } from './schema.ts'

export type KubernetesObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [key: string]: Json
}

type Custom = { readonly schema: { readonly [key: string]: Json }; readonly scope: Scope }

/** By `example.org/v1/Widget`. */
export type CustomKinds = ReadonlyMap<string, Custom>

const DEFINITION = 'apiextensions.k8s.io/v1/CustomResourceDefinition'
const METADATA = 'meta.v1.ObjectMeta'

/** The kinds that CustomResourceDefinitions among these objects define. */
export function customKinds(objects: readonly Json[]): CustomKinds {
  const kinds = new Map<string, Custom>()
  for (const object of objects) {
    const spec =
      isObject(object) && object['kind'] === 'CustomResourceDefinition' ? object['spec'] : undefined
    const names = isObject(spec) ? spec['names'] : undefined
    const versions = isObject(spec) ? spec['versions'] : undefined
    if (!isObject(spec) || !isObject(names) || !Array.isArray(versions)) continue
    for (const version of versions) {
      if (!isObject(version)) continue
      const holder = version['schema']
      const schema = isObject(holder) ? holder['openAPIV3Schema'] : undefined
      const key = [spec['group'], version['name'], names['kind']]
      if (!key.every((part) => typeof part === 'string')) continue
      kinds.set(key.join('/'), {
        schema: isObject(schema) ? schema : { 'x-kubernetes-preserve-unknown-fields': true },
        scope: spec['scope'] === 'Cluster' ? 'Cluster' : 'Namespaced',
      })
    }
  }
  return kinds
}

/**
 * How many rules in CEL the definitions of these objects' kinds have: the API server evaluates them, this check
 * doesn't.
 */
export function celRulesOf(customs: CustomKinds, objects: readonly KubernetesObject[]): number {
  const keys = new Set(objects.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`))
  return [...keys].reduce((count, key) => {
    const custom = customs.get(key)
    return custom === undefined ? count : count + countCelRules(custom.schema)
  }, 0)
}

/** @returns nothing wrong for a custom resource of which nothing is known, but what is wrong about its metadata. */
export function checkObject(
  schema: KubernetesSchema,
  customs: CustomKinds,
  object: KubernetesObject,
): readonly Problem[] {
  // The server replaces the status of a new object, without a look at its rules.
  return withoutRepeats(problemsOf(schema, customs, object)).filter(
    ({ path, isRule }) => isRule !== true || path[0] !== 'status',
  )
}

function problemsOf(
  schema: KubernetesSchema,
  customs: CustomKinds,
  object: KubernetesObject,
): readonly Problem[] {
  const key = `${object.apiVersion}/${object.kind}`
  const own = schema.kinds[key]
  const name = checkName(schema, key, field(field(ROOT, 'metadata'), 'name'), object.metadata)
  if (own !== undefined)
    return [
      ...checkValue(schema, own.definition, ROOT, object),
      ...(key === DEFINITION ? checkDefinition(object).map(asRule) : []),
      ...name,
      ...checkScope(own.scope, object),
    ]
  const custom = customs.get(key)
  const checkMetadata = (at: Place, value: Json) => checkValue(schema, METADATA, at, value)
  const metadata = () => checkMetadata(field(ROOT, 'metadata'), object.metadata)
  if (custom !== undefined)
    return [
      ...checkCustom(custom.schema, ROOT, object, checkMetadata),
      ...metadata(),
      ...name,
      ...checkScope(custom.scope, object),
    ]
  return isKubernetesGroup(schema, groupOf(object.apiVersion)) ? unknownKind(schema, object) : metadata()
}

/** The server asks it after the schema, as it asks rules. */
function asRule(problem: Problem): Problem {
  return { ...problem, isRule: true }
}

/** Groups of others have a dot (apiextensions, ValidateCustomResourceDefinitionSpec). */
function isKubernetesGroup({ kinds }: KubernetesSchema, group: string): boolean {
  return !group.includes('.') || Object.keys(kinds).some((key) => key.startsWith(`${group}/`))
}

function unknownKind(
  { kinds, version }: KubernetesSchema,
  { apiVersion, kind }: KubernetesObject,
): readonly Problem[] {
  const known = Object.keys(kinds).map((key) => ({
    apiVersion: key.slice(0, key.lastIndexOf('/')),
    kind: key.slice(key.lastIndexOf('/') + 1),
  }))
  const places = known.filter((one) => one.kind === kind).map((one) => JSON.stringify(one.apiVersion))
  const kindsThere = known.filter((one) => one.apiVersion === apiVersion).map((one) => one.kind)
  if (places.length > 0)
    return wrong(
      field(ROOT, 'apiVersion'),
      apiVersion,
      `${places.join(' or ')} for kind ${kind} in Kubernetes ${version}`,
    )
  const [name, value, where, meant] =
    kindsThere.length > 0
      ? ['kind', kind, `${apiVersion} of Kubernetes ${version}`, nearest(kind, kindsThere)]
      : [
          'apiVersion',
          apiVersion,
          `Kubernetes ${version}`,
          nearest(
            apiVersion,
            known.map((one) => one.apiVersion),
          ),
        ]
  const hint = meant === undefined ? '' : `, did you mean ${meant}?`
  return [
    { path: [name], message: `${name} is ${JSON.stringify(value)}, which ${where} doesn't have${hint}` },
  ]
}

function checkScope(scope: Scope, { kind, metadata }: KubernetesObject): readonly Problem[] {
  const { namespace } = metadata
  if (scope === 'Namespaced' || namespace === undefined || namespace === '') return []
  // kubectl leaves it out.
  return wrong(
    field(field(ROOT, 'metadata'), 'namespace'),
    namespace,
    `none, since ${kind} belongs to the whole cluster`,
  ).map((problem) => ({ ...problem, isWarning: true as const }))
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
}
