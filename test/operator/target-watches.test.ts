/** The watches of delivered objects, and the failures that end them. */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { KubernetesError } from '../../src/kubernetes/client/kubernetes-error.ts'
import { TargetWatches } from '../../src/operator/drift/target-watches.ts'
import { fakeCluster } from '../delivery/fake-cluster.ts'
import { liveObject } from '../delivery/live-object.ts'
import { until } from '../e2e/until.ts'

const FORBIDDEN = new KubernetesError('forbidden', 'configmaps is forbidden')

function watchOne(t: Test, failure?: string) {
  const object = liveObject('v1/ConfigMap', 'settings')
  const cluster = fakeCluster([object])
  if (failure !== undefined) cluster.fail(failure, FORBIDDEN)
  const suspects: string[] = []
  const watches = new TargetWatches(cluster, (user, { name }) => suspects.push(`${user} ${name}`))
  t.teardown(() => watches.close())
  watches.watch('shop/web', [{ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' }])
  return { cluster, object, suspects, watches }
}

void t.test('a watch that was in order is opened again after a refusal', async (t) => {
  const { cluster, object, suspects } = watchOne(t)
  const opened = async (times: number) =>
    until(async () =>
      cluster.requests.filter((one) => one === 'watch ConfigMap').length >= times ? true : undefined,
    )
  await opened(1)
  cluster.fail('watch ConfigMap', FORBIDDEN)
  cluster.endWatches()
  await opened(3)
  cluster.drop(object)
  await until(async () => (suspects.length > 0 ? true : undefined))
  t.same(suspects, ['shop/web settings'])
})

void t.test('objects that may not be watched are not asked for again and again', async (t) => {
  const { cluster, watches } = watchOne(t, 'list ConfigMap')
  await until(async () => (watches.size === 0 ? true : undefined))
  await delay(700)
  t.same(cluster.requests, ['list ConfigMap'])
})
