/** The rights of an account that deliveries of the tests act as: ConfigMaps and Secrets of its namespace. */
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'

const RBAC = 'rbac.authorization.k8s.io'

/** @param account a ServiceAccount of the namespace. */
export function deployerRole(namespace: string, account: string): readonly DesiredObject[] {
  const metadata = { namespace, name: 'deployer' }
  return [
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['*'] }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: RBAC, kind: 'Role', name: 'deployer' },
      subjects: [{ kind: 'ServiceAccount', namespace, name: account }],
    },
  ]
}
