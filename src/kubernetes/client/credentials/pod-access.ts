/** The way into the cluster that this process runs in: the ServiceAccount of its Pod. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterAccess } from '../cluster-access.ts'
import { KubernetesError } from '../kubernetes-error.ts'

/** Kubernetes mounts it there in each Pod. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * @param environment the variables of the process. @param directory of the ServiceAccount's files.
 * @returns nothing outside of a Pod. @throws KubernetesError `configuration` in a Pod without a ServiceAccount.
 */
export function podAccess(
  environment: Readonly<Record<string, string | undefined>>,
  namespace?: string,
  directory: string = ACCOUNT,
): ClusterAccess | undefined {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = environment
  if (host === '') return undefined
  try {
    return {
      server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
      authorities: readFileSync(join(directory, 'ca.crt'), 'utf8'),
      isVerified: true,
      serverName: undefined,
      proxy: undefined,
      namespace: namespace ?? readFileSync(join(directory, 'namespace'), 'utf8').trim(),
      credentials: {
        certificate: undefined,
        bearer: { kind: 'file', file: join(directory, 'token') },
      },
      impersonation: undefined,
    }
  } catch (cause) {
    throw new KubernetesError('configuration', `the Pod has no ServiceAccount to use: ${directory}`, {
      cause,
    })
  }
}
