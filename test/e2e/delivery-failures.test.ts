/** Ten failures of tools that deliver to clusters, each of which was public, on a real control plane. */
import t from 'tap'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { startControlPlane } from '../support/control-plane.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { missing } from '../support/requirement.ts'
import { fieldFailures } from './failures-of-fields.ts'
import { neighbourFailures } from './failures-of-others.ts'
import { pruneFailures } from './failures-of-prune.ts'
import { recreationFailures } from './failures-of-recreation.ts'
import { rollOutFailures } from './failures-of-roll-out.ts'

const skip = missing('etcd', 'kubectl') || (await missingKubernetes('kube-controller-manager'))

void t.test('ten failures', { skip, timeout: 240_000 }, async (t) => {
  const { provider: server } = await startControlPlane(t, { hasControllers: true, hasRoles: true })
  const cluster = kubernetesCluster(parseKubeconfig(server.kubeconfig))
  t.teardown(() => cluster.close())
  const plane = { cluster, server }
  await recreationFailures(t, plane)
  await pruneFailures(t, plane)
  await fieldFailures(t, plane)
  await rollOutFailures(t, plane)
  await neighbourFailures(t, plane)
})
