/**
 * Checks a CustomResourceDefinition itself as the API server does, beside the form of its fields (apiextensions,
 * validation).
 */
import { isObject, type Json } from '../../../core/json.ts'
import { field, item, missing, wrong, type Place, type Problem, ROOT } from '../problem.ts'
import { checkSchema } from './check-schema.ts'
import { schemaOf, type JsonSchema } from './json-schema.ts'

const LABEL = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/
const A_LABEL = 'small letters, digits and dashes'
const APPROVAL = 'api-approved.kubernetes.io'

/** @param definition whose fields have the types that they should have; others are left out here. */
export function checkDefinition(definition: JsonSchema): readonly Problem[] {
  const spec = schemaOf(definition, 'spec')
  const names = spec === undefined ? undefined : schemaOf(spec, 'names')
  if (spec === undefined || names === undefined) return []
  const at = field(ROOT, 'spec')
  return [
    ...checkName(definition, spec, names),
    ...checkGroup(definition, spec, field(at, 'group')),
    ...checkNames(names, field(at, 'names')),
    ...(spec['preserveUnknownFields'] === true
      ? wrong(
          field(at, 'preserveUnknownFields'),
          true,
          'false: a schema has x-kubernetes-preserve-unknown-fields',
        )
      : []),
    ...(['Cluster', 'Namespaced', undefined, null].includes(spec['scope'] as string)
      ? []
      : wrong(field(at, 'scope'), spec['scope'] ?? null, 'one of "Cluster", "Namespaced"')),
    ...checkVersions(spec['versions'], field(at, 'versions')),
  ]
}

function checkName(definition: JsonSchema, spec: JsonSchema, names: JsonSchema): readonly Problem[] {
  const { plural } = names
  const { group } = spec
  const name = schemaOf(definition, 'metadata')?.['name']
  if (typeof name !== 'string' || typeof plural !== 'string' || typeof group !== 'string') return []
  const expected = `${plural}.${group}`
  if (name === expected) return []
  const place = field(field(ROOT, 'metadata'), 'name')
  return wrong(place, name, `${JSON.stringify(expected)}: spec.names.plural and spec.group`)
}

function checkGroup(definition: JsonSchema, spec: JsonSchema, at: Place): readonly Problem[] {
  const { group } = spec
  if (typeof group !== 'string') return []
  if (!group.includes('.')) return wrong(at, group, 'a domain with a dot in it')
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return []
  const metadata = schemaOf(definition, 'metadata')
  const annotations = metadata === undefined ? undefined : schemaOf(metadata, 'annotations')
  if (annotations?.[APPROVAL] !== undefined) return []
  const place = field(field(field(ROOT, 'metadata'), 'annotations'), APPROVAL)
  return missing(place, `the address of its approval, since ${group} is Kubernetes' own`)
}

function checkNames(names: JsonSchema, at: Place): readonly Problem[] {
  const lists = ['categories', 'shortNames'].flatMap((key) => {
    const words = names[key]
    const list: readonly Json[] = Array.isArray(words) ? words : []
    return list.flatMap((word, index) => checkLabel(item(field(at, key), index, index), word, false))
  })
  return [
    ...lists,
    ...['kind', 'listKind'].flatMap((key) => checkLabel(field(at, key), names[key], true)),
    ...['plural', 'singular'].flatMap((key) => checkLabel(field(at, key), names[key], false)),
  ]
}

function checkLabel(at: Place, value: Json | undefined, isMixed: boolean): readonly Problem[] {
  if (typeof value !== 'string' || value === '' || LABEL.test(isMixed ? value.toLowerCase() : value))
    return []
  return wrong(at, value, isMixed ? 'letters, digits and dashes' : A_LABEL)
}

function checkVersions(versions: Json | undefined, at: Place): readonly Problem[] {
  if (!Array.isArray(versions)) return []
  const list = versions.filter(isObject)
  const names = list.map((version) => version['name'])
  return [
    ...list.flatMap((version, index) => checkVersion(version, item(at, index, index))),
    ...(new Set(names).size === names.length ? [] : wrong(at, versions, 'each name once')),
    ...(list.filter((version) => version['storage'] === true).length === 1
      ? []
      : wrong(at, versions, 'exactly one version with storage: true')),
  ]
}

function checkVersion(version: JsonSchema, at: Place): readonly Problem[] {
  const place = field(field(at, 'schema'), 'openAPIV3Schema')
  const holder = schemaOf(version, 'schema')
  const schema = holder === undefined ? undefined : schemaOf(holder, 'openAPIV3Schema')
  return [
    ...checkLabel(field(at, 'name'), version['name'], false),
    ...(schema === undefined ? missing(place, 'a schema') : checkSchema(schema, place)),
  ]
}
