/** The flags by which commands find a cluster and a set in it, as kubectl has them. */
import type { Command } from 'commander'
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import type { Environment } from '../../settings/read-settings.ts'

export type ConnectionFlags = {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

export function withConnection(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'instead of KUBECONFIG and ~/.kube/config')
    .option('--context <name>', 'of the kubeconfig; its current context by default')
    .option(
      '-n, --namespace <name>',
      'of the set, and of objects that name none; that of the context by default',
    )
}

/** Opens a cluster for a command, and closes its connections at the end. @throws KubernetesError `configuration`. */
export async function withCluster<T>(
  { kubeconfig, context, namespace }: ConnectionFlags,
  environment: Environment,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const { readKubeconfig } = await import('../../kubernetes/client/kubeconfig.ts')
  const { kubernetesCluster } = await import('../../kubernetes/client/kubernetes-cluster.ts')
  const cluster = kubernetesCluster(readKubeconfig({ environment, file: kubeconfig, context, namespace }))
  try {
    return await use(cluster)
  } finally {
    cluster.close()
  }
}
