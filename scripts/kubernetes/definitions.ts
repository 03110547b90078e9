/** The definitions of Kubernetes' OpenAPI description in the form of manifests/schema/, which kubernetes-schema.ts describes. */
import type { Enumerations } from './enumerations.ts'
import type { Definition, Element, GroupVersionKind, Swagger } from './swagger.ts'

type List = {
  readonly items: FieldType
  readonly keys?: readonly string[]
  readonly mergeKey?: string
  readonly unique?: true
}

type FieldType =
  string | { readonly enum: readonly string[] } | { readonly additionalProperties: FieldType } | List

type ObjectDefinition = {
  readonly properties: Readonly<Record<string, FieldType>>
  readonly required?: readonly string[]
}

type Kind = { readonly definition: string; readonly scope: 'Namespaced' | 'Cluster' }

export type Definitions = {
  /** By `apps/v1/Deployment`. */
  readonly kinds: ReadonlyMap<string, Kind>
  /** By `apps.v1.Deployment`: all that the kinds need, and no others. */
  readonly definitions: ReadonlyMap<string, ObjectDefinition>
}

/** Definitions whose JSON isn't what the description can say of them (their Go types marshal themselves), or is free. */
const special: Readonly<Record<string, string>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'object',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'object',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': 'any',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': 'any',
}

/** By `type/format` of the description. */
const scalars: Readonly<Record<string, string>> = {
  'string/': 'string',
  'string/byte': 'byte',
  'boolean/': 'boolean',
  'integer/int32': 'int32',
  'integer/int64': 'int64',
  'integer/': 'int64',
  'number/double': 'number',
  'number/': 'number',
  'object/': 'object',
}

/** @throws where the description has what this form has no word for */
export function kubernetesDefinitions(swagger: Swagger, enumerations: Enumerations): Definitions {
  const scopes = scopesOf(swagger.paths)
  const kinds = new Map<string, Kind>()
  const names = new Map<string, string>()
  const definitions = new Map<string, ObjectDefinition>()

  const include = (name: string): string => {
    const short = name.split('.').slice(-3).join('.')
    const other = names.get(short)
    if (other === name) return short
    if (other !== undefined) throw new Error(`${short} is both ${other} and ${name}`)
    names.set(short, name)
    const definition = swagger.definitions[name]
    if (definition?.type !== 'object') throw new Error(`${name} isn't defined as an object`)
    definitions.set(short, toObject(definition, enumerations.get(short), include))
    return short
  }

  for (const [name, definition] of Object.entries(swagger.definitions)) {
    for (const gvk of definition['x-kubernetes-group-version-kind'] ?? []) {
      const scope = scopes.get(keyOf(gvk))
      // DeleteOptions is of each group there is.
      if (scope !== undefined && name.endsWith(`.${gvk.kind}`))
        kinds.set(keyOf(gvk), { definition: include(name), scope })
    }
  }
  const unknown = [...scopes.keys()].filter((key) => !kinds.has(key))
  if (unknown.length > 0) throw new Error(`no definition of ${unknown.join(', ')}`)
  return { kinds, definitions }
}

/** What can be in a manifest is what can be patched by its name: `kubectl apply` does. */
function scopesOf(paths: Swagger['paths']): ReadonlyMap<string, Kind['scope']> {
  const scopes = new Map<string, Kind['scope']>()
  for (const [path, { patch }] of Object.entries(paths)) {
    const gvk = patch?.['x-kubernetes-group-version-kind']
    if (gvk === undefined || !path.endsWith('/{name}')) continue
    scopes.set(keyOf(gvk), path.includes('/namespaces/{namespace}/') ? 'Namespaced' : 'Cluster')
  }
  return scopes
}

function keyOf({ group, version, kind }: GroupVersionKind): string {
  return group === '' ? `${version}/${kind}` : `${group}/${version}/${kind}`
}

function toObject(
  { properties = {}, required = [] }: Definition,
  enumerations: ReadonlyMap<string, readonly string[]> | undefined,
  include: (name: string) => string,
): ObjectDefinition {
  const fields = Object.entries(properties)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, element]) => [name, toType(element, enumerations?.get(name), include)] as const)
  const named = Object.fromEntries(fields)
  return required.length === 0 ? { properties: named } : { properties: named, required: [...required].sort() }
}

function toType(
  element: Element,
  enumeration: readonly string[] | undefined,
  include: (name: string) => string,
): FieldType {
  if (element.$ref !== undefined) {
    const name = element.$ref.replace('#/definitions/', '')
    return special[name] ?? include(name)
  }
  if (element.items !== undefined) return toList(element, toType(element.items, enumeration, include))
  if (element.additionalProperties !== undefined)
    return { additionalProperties: toType(element.additionalProperties, enumeration, include) }
  if (enumeration !== undefined && element.type === 'string') return { enum: enumeration }
  const scalar = scalars[`${element.type ?? ''}/${element.format ?? ''}`]
  if (scalar === undefined) throw new Error(`no word for ${JSON.stringify(element)}`)
  return scalar
}

function toList(list: Element, items: FieldType): List {
  const keys = list['x-kubernetes-list-map-keys']
  const mergeKey = list['x-kubernetes-patch-merge-key']
  return {
    items,
    ...(keys !== undefined && { keys }),
    ...(mergeKey !== undefined && { mergeKey }),
    ...(list['x-kubernetes-list-type'] === 'set' && { unique: true }),
  }
}
