/** The cluster that the operator works in. */
import type { ClusterAccess } from '../../kubernetes/client/cluster-access.ts'
import { readKubeconfig } from '../../kubernetes/client/kubeconfig.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import type { Environment } from '../../settings/read-settings.ts'
import { UsageError } from '../usage-error.ts'
import type { OperatorFlags } from './operator-flags.ts'

/** @throws UsageError for a kubeconfig that can't be used. */
export function kubeconfigAccess(
  { kubeconfig, context }: OperatorFlags,
  environment: Environment,
): ClusterAccess {
  try {
    return readKubeconfig({ environment, file: kubeconfig, context })
  } catch (error) {
    if (error instanceof KubernetesError && error.kind === 'configuration')
      throw new UsageError(error.message, { cause: error })
    throw error
  }
}
