/**
 * The namespace of objects that name none, as `kubectl -n` and `helm install` give it to them: written into their
 * metadata. Objects of kinds that belong to the whole cluster keep none. Of a kind that nobody defines here it isn't
 * known to which sort it belongs: it gets one, which API servers remove where it has no place
 * (EnsureObjectNamespaceMatches- RequestNamespace of k8s.io/apiserver).
 */
import { isAlias, isMap, isScalar, type YAMLMap } from 'yaml'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Edit } from './rewrite-edit.ts'
import type { SourceObject } from './rewrite-documents.ts'
import type { KubernetesSchema } from '../check/schema.ts'
import { writeYaml } from '../write-yaml.ts'

/** Whether a kind belongs to the whole cluster, by `apps/Deployment`: group and kind. */
export type ClusterKinds = ReadonlySet<string>

/** Kubernetes' own, and those that CustomResourceDefinitions among the objects define. */
export function clusterKinds(schema: KubernetesSchema, objects: readonly SourceObject[]): ClusterKinds {
  const kinds = new Set<string>()
  for (const [key, { scope }] of Object.entries(schema.kinds)) {
    const slash = key.lastIndexOf('/')
    if (scope === 'Cluster') kinds.add(groupKind(key.slice(0, slash), key.slice(slash + 1)))
  }
  for (const { identity, root } of objects) {
    if (identity.kind !== 'CustomResourceDefinition' || root.getIn(['spec', 'scope']) !== 'Cluster') continue
    const group: unknown = root.getIn(['spec', 'group'])
    const kind: unknown = root.getIn(['spec', 'names', 'kind'])
    if (typeof group === 'string' && typeof kind === 'string') kinds.add(groupKind(`${group}/`, kind))
  }
  return kinds
}

/**
 * The object with its namespace, and what is to be written for it.
 * @throws RegistryError `manifest-invalid` where its metadata or its namespace stands elsewhere, by an alias.
 */
export function withNamespace(
  object: SourceObject,
  namespace: string,
  clusterWide: ClusterKinds,
): { readonly object: SourceObject; readonly edits: readonly Edit[] } {
  const { identity, root } = object
  if (identity.namespace !== undefined || clusterWide.has(groupKind(identity.apiVersion, identity.kind)))
    return { object, edits: [] }
  const metadata: unknown = root.get('metadata', true)
  if (!isMap(metadata) || isAlias(metadata.get('namespace', true))) {
    throw new RegistryError(
      'manifest-invalid',
      `${object.source}, document ${object.document}: metadata has an alias, in place of which no namespace can be written: write it out`,
    )
  }
  return {
    object: { ...object, identity: { ...identity, namespace } },
    edits: [emptyNamespace(metadata, namespace, object) ?? newNamespace(metadata, namespace, object)],
  }
}

/** In place of `namespace: ""`, or of nothing behind its colon. */
function emptyNamespace(
  metadata: YAMLMap,
  namespace: string,
  { offset, text }: SourceObject,
): Edit | undefined {
  const value: unknown = metadata.get('namespace', true)
  if (!isScalar(value) || !value.range) return undefined
  const [start, end] = [value.range[0] - offset, value.range[1] - offset]
  const blank = /\s/.test(text.charAt(start - 1)) ? '' : ' '
  return { start, end, text: `${blank}${JSON.stringify(namespace)}` }
}

/** Before the first field of the metadata, in the style of these. */
function newNamespace(metadata: YAMLMap, namespace: string, { offset, text }: SourceObject): Edit {
  const key = metadata.items[0]?.key
  const start = (isScalar(key) ? (key.range?.[0] ?? 0) : 0) - offset
  const line = text.lastIndexOf('\n', start - 1) + 1
  const value = JSON.stringify(namespace)
  const field = metadata.flow
    ? text.charAt(start) === '"'
      ? `"namespace": ${value}, `
      : `namespace: ${value}, `
    : `namespace: ${writeYaml(namespace).trimEnd()}\n${' '.repeat(start - line)}`
  return { start, end: start, text: field }
}

function groupKind(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf('/')
  return `${slash === -1 ? '' : apiVersion.slice(0, slash)}/${kind}`
}
