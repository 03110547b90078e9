/** Deliveries to a real API server: what they do, how they are refused, how long they take, and how they outlive faults. */
import t from 'tap'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { startApiServer } from '../support/api-server.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { missing } from '../support/requirement.ts'
import { deliveredKinds } from './delivery-kinds.ts'
import { deliveredSets } from './delivery-lives.ts'
import { deliveryFaults } from './delivery-faults.ts'
import { refusedSets } from './delivery-refusals.ts'

const skip = missing('etcd') || (await missingKubernetes('kube-apiserver'))

void t.test('deliveries', { skip, timeout: 240_000 }, async (t) => {
  const server = await startApiServer(t)
  const cluster = kubernetesCluster(parseKubeconfig(server.kubeconfig))
  t.teardown(() => cluster.close())
  const plane = { cluster, server }
  await deliveredSets(t, plane)
  await deliveredKinds(t, plane)
  await refusedSets(t, plane)
  await deliveryFaults(t, plane)
})
