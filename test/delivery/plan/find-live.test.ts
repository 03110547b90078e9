/** Objects of a set are found by a list where there are many of a kind, and one by one elsewhere. */
import t from 'tap'
import { KubernetesError } from '../../../src/kubernetes/client/kubernetes-error.ts'
import { findLive } from '../../../src/delivery/plan/find-live.ts'
import { fakeCluster } from '../fake-cluster.ts'
import { liveObject } from '../live-object.ts'

const PLACE = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop' }

function named(count: number) {
  return Array.from({ length: count }, (_, i) => ({ ...PLACE, name: `o${i}` }))
}

void t.test('many objects of a kind', async (t) => {
  for (const [count, failure, requests] of [
    [49, undefined, { list: 0, get: 49 }],
    [50, undefined, { list: 1, get: 0 }],
    [50, 'forbidden', { list: 1, get: 50 }],
  ] as const) {
    const names = named(count)
    // The last object isn't there, and one is there that isn't in the set.
    const live = [...names.slice(0, -1), { ...PLACE, name: 'other' }].map(({ name }) =>
      liveObject('v1/ConfigMap', name),
    )
    const cluster = fakeCluster(live)
    if (failure !== undefined) cluster.fail('list ConfigMap', new KubernetesError(failure, 'no'))
    const find = await findLive(cluster, names)
    const found = await Promise.all(names.map(async (name) => find(name)))
    t.same(
      found.map((one) => one?.metadata.name),
      [...names.slice(0, -1).map(({ name }) => name), undefined],
    )
    const counted = (verb: string) => cluster.requests.filter((one) => one.startsWith(verb)).length
    t.same({ list: counted('list'), get: counted('get') }, requests, `${count} ${failure ?? ''}`)
  }
})

void t.test('a cluster that does not answer', async (t) => {
  const cluster = fakeCluster([])
  cluster.fail('list ConfigMap', new KubernetesError('unreachable', 'down'))
  await t.rejects(findLive(cluster, named(60)), new KubernetesError('unreachable', 'down'))
})
