/**
 * Returns the rights of the operator in a namespace that has profiles. The objects are those of
 * manifests/operator/operator-access.nix, for machines without Nix; a test compares the two.
 */
import type { Writable } from '../write-yaml.ts'

export type OperatorAccess = {
  /** The namespace of the profiles. */
  readonly namespace: string
  /** ServiceAccounts that profiles may name. */
  readonly serviceAccounts: readonly string[]
  /** Secrets that have a kubeconfig. `all`: DeliverySets choose them by labels. */
  readonly secrets: readonly string[] | 'all'
  /** The namespace of the operator. */
  readonly operatorNamespace: string
}

/** The name of the operator, of its ServiceAccount, and of its rights. */
const NAME = 'pushless-operator'
/** Lists and watches of one name are allowed by that name. */
const READ = ['get', 'list', 'watch']
const GROUP = 'rbac.authorization.k8s.io'

export function operatorAccess({
  namespace,
  serviceAccounts,
  secrets,
  operatorNamespace,
}: OperatorAccess): readonly Writable[] {
  const metadata = { name: NAME, namespace }
  const rules = [
    ...(serviceAccounts.length === 0 ? [] : [rule('serviceaccounts', ['impersonate'], serviceAccounts)]),
    ...(secrets === 'all'
      ? [rule('secrets', READ)]
      : secrets.length === 0
        ? []
        : [rule('secrets', READ, secrets)]),
  ]
  return [
    { apiVersion: `${GROUP}/v1`, kind: 'Role', metadata, rules },
    {
      apiVersion: `${GROUP}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: GROUP, kind: 'Role', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: operatorNamespace }],
    },
  ]
}

function rule(resource: string, verbs: readonly string[], resourceNames?: readonly string[]): Writable {
  const named = resourceNames === undefined ? {} : { resourceNames }
  return { apiGroups: [''], resources: [resource], verbs, ...named }
}
