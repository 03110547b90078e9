/** Sets that are delivered, go back and go away, and what it takes. */
import type { Test } from 'tap'
import type { Plane } from './delivery-steps.ts'
import { textAt } from '../../src/core/json-fields.ts'
import { loadGeneration } from '../../src/delivery/find-drift.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { makeAvailable } from '../support/fake-node.ts'
import { configMap, deliveredSet, deployment, makeNamespace, service } from '../support/delivered-set.ts'

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

function list(count: number, make: (name: string) => DesiredObject): readonly DesiredObject[] {
  return Array.from({ length: count }, (_, i) => make(`o${i}`))
}

const versionOf = (v: string): readonly DesiredObject[] => [
  ...list(30, (name) => configMap(name, { v })),
  ...list(20, (name) => deployment(name)),
]

export async function deliveredSets(t: Test, { cluster, server }: Plane): Promise<void> {
  const namespaced = async (name: string) => deliveredSet(cluster, await makeNamespace(cluster, name))
  /** Requests that change something. */
  const writes = async () =>
    (await server.requests()).filter(({ verb, uri }) => WRITES.has(verb) && !uri.includes('dryRun=All'))

  await t.test('nothing changes by 200 objects that are there', async (t) => {
    const set = await namespaced('many')
    const objects = [
      ...list(100, (name) => deployment(name)),
      ...list(60, (name) => configMap(name)),
      ...list(40, service),
    ]
    await set.deliver(objects)
    const versions = async () =>
      Promise.all(objects.map(async (one) => (await set.live(one))?.metadata.resourceVersion))
    const before = { versions: await versions(), writes: (await writes()).length }
    const result = await set.deliver(objects)
    t.equal(result.isIdle, true)
    t.equal((await writes()).length, before.writes)
    t.same(await versions(), before.versions)
  })

  await t.test('a set is delivered in order, prunes what left it, goes back, and is deleted', async (t) => {
    const set = await namespaced('life')
    const first = [configMap('a', { v: '1' }), configMap('b'), service('web'), deployment('web')]
    const one = await set.deliver(first)
    t.match(one, { generation: 1, outcome: 'delivered', isIdle: false, remaining: [] })
    const second = [
      configMap('a', { v: '2' }),
      service('web'),
      deployment('web', { replicas: 3 }),
      configMap('c'),
    ]
    t.equal((await set.deliver(second)).generation, 2)
    t.same(await set.inventory(), [
      'ConfigMap life/a',
      'ConfigMap life/c',
      'Deployment life/web',
      'Service life/web',
    ])
    t.equal(await set.live(configMap('b')), undefined)
    const { entry, objects } = await loadGeneration(cluster, set.name, 1)
    const back = await set.deliver([], { objects, revision: entry.revision, note: 'rollback to 1' })
    t.match(back, { generation: 3, isIdle: false })
    t.equal(textAt((await set.live(configMap('a'))) ?? null, 'data', 'v'), '1')
    t.ok(await set.live(configMap('b')))
    t.match(await set.record(), {
      history: [{ generation: 1 }, { generation: 2 }, { generation: 3, note: 'rollback to 1' }],
    })
    t.same(await set.remove(), [])
    for (const object of [...first, ...second]) t.equal(await set.live(object), undefined)
    t.equal(await set.record(), undefined)
    t.same((await cluster.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace: 'life' })).items, [])
  })

  await t.test('a generation that becomes healthy later is noted as delivered', async (t) => {
    const set = await namespaced('healed')
    const objects = [deployment('web')]
    const waiting = { isWaiting: true, healthMs: 500 }
    t.match(await set.deliver(objects, waiting), {
      outcome: 'unhealthy',
      unhealthy: [{ name: { name: 'web' } }],
    })
    t.match(await set.record(), { history: [{ outcome: 'unhealthy', note: /Deployment healed\/web: / }] })
    const refused = {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: 'exceeded quota',
    }
    await cluster.apply(
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'healed' },
        status: { conditions: [refused] },
      },
      { subresource: 'status', fieldManager: 'controller' },
    )
    t.match(await set.deliver(objects, waiting), {
      outcome: 'unhealthy',
      unhealthy: [{ reasons: [/FailedCreate.*exceeded quota/] }],
    })
    const live = await set.live(deployment('web'))
    if (live !== undefined) await makeAvailable(cluster, live)
    t.match(await set.deliver(objects, waiting), { outcome: 'delivered', isIdle: true })
    t.match(await set.record(), { history: [{ generation: 1, outcome: 'delivered', note: undefined }] })
  })

  await t.test('generations beyond the limit go, and their snapshots with them', async (t) => {
    const set = await namespaced('limit')
    for (const v of ['1', '2', '3', '4', '5']) await set.deliver([configMap('a', { v })], { historyLimit: 2 })
    t.match(await set.record(), {
      attempt: undefined,
      history: { 0: { generation: 4 }, 1: { generation: 5 }, length: 2 },
    })
    const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace: 'limit' })
    t.same(items.map(({ metadata }) => metadata.name.slice(0, 14)).toSorted(), [
      'pushless-web-4',
      'pushless-web-5',
    ])
  })

  await t.test('a rollback of 50 objects asks the cluster alone', async (t) => {
    const set = await namespaced('rollback')
    await set.deliver(versionOf('1'))
    await set.deliver(versionOf('2'))
    const { entry, objects: given } = await loadGeneration(cluster, set.name, 1)
    await set.deliver([], { objects: given, revision: entry.revision })
    t.equal(textAt((await set.live(configMap('o29'))) ?? null, 'data', 'v'), '1')
  })

  await t.test('what left the set without being pruned is pruned later, or goes with the set', async (t) => {
    const set = await namespaced('later')
    await set.deliver([configMap('a'), configMap('b'), configMap('c')])
    await set.deliver([configMap('a'), configMap('b')], { isPruning: false })
    t.ok(await set.live(configMap('c')))
    t.ok((await set.inventory()).includes('ConfigMap later/c'))
    await set.deliver([configMap('a')])
    for (const name of ['b', 'c']) t.equal(await set.live(configMap(name)), undefined)
    await set.deliver([configMap('d')], { isPruning: false })
    t.same(await set.remove(), [])
    for (const name of ['a', 'd']) t.equal(await set.live(configMap(name)), undefined)
  })
}
