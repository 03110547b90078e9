/**
 * The enumerations of Kubernetes' API. The published OpenAPI description leaves them out; the Go source that it is made
 * from has them, generated and formatted by programs, so that its lines can be relied on.
 */

/** By a definition's name (`core.v1.ContainerPort`) and a property of it: the strings that it may be. */
export type Enumerations = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

/** `schema_k8sio_api_core_v1_ContainerPort`, `schema_pkg_apis_meta_v1_Condition`; others are of no object's. */
const DEFINITION = /^func schema_(?:k8sio_api|pkg_apis)_([a-z0-9]+)_(v[a-z0-9]+)_(\w+)\(/
/** A property of the definition itself: gofmt indents by depth, and each has the same. */
const PROPERTY = /^\t{5}"([^"]+)": \{$/
/** Of the property, or of what is in the list or the map that it is. */
const ENUMERATION = /^\t{7,}Enum: +\[\]interface\{\}\{(.*)\},$/

/**
 * @param source pkg/generated/openapi/zz_generated.openapi.go
 * @throws where an enumeration isn't in a property
 */
export function kubernetesEnumerations(source: string): Enumerations {
  const found = new Map<string, Map<string, readonly string[]>>()
  let definition: string | undefined
  let property: string | undefined
  for (const line of source.split('\n')) {
    if (line.startsWith('func ')) {
      const [, group, version, kind] = DEFINITION.exec(line) ?? []
      definition = kind === undefined ? undefined : `${group}.${version}.${kind}`
      property = undefined
      continue
    }
    property = PROPERTY.exec(line)?.[1] ?? property
    const values = ENUMERATION.exec(line)?.[1]
    if (values === undefined || definition === undefined) continue
    if (property === undefined) throw new Error(`an enumeration of nothing: ${line}`)
    const properties = found.get(definition) ?? new Map<string, readonly string[]>()
    found.set(definition, properties.set(property, strings(values)))
  }
  return found
}

/** `"SCTP", "TCP", "UDP"`, which are names without anything to escape. */
function strings(list: string): readonly string[] {
  return list.split(', ').map((item) => {
    const value = /^"([^"\\]*)"$/.exec(item)?.[1]
    if (value === undefined) throw new Error(`an enumeration with ${item} in it`)
    return value
  })
}
