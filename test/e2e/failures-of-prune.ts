/** Nothing is pruned that is not certainly the set’s own. */
import type { Test } from 'tap'
import type { Plane } from './delivery-steps.ts'
import { textAt } from '../../src/core/json-fields.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { startWebhook } from '../support/admission-webhook.ts'
import {
  configMap,
  custom,
  definition,
  deliveredSet,
  deployment,
  failureOf,
  makeNamespace,
} from '../support/delivered-set.ts'
import { until } from './until.ts'
import { annotate, install, makeAgain, removeObject } from './delivery-steps.ts'

export async function pruneFailures(t: Test, { cluster, server }: Plane): Promise<void> {
  await t.test('2: an object that somebody else made, or that another set owns, is not pruned', async (t) => {
    const set = deliveredSet(cluster, await makeNamespace(cluster, 'two'))
    const [kept, remade, taken, pruned] = ['kept', 'remade', 'taken', 'pruned'].map((name) => configMap(name))
    if (kept === undefined || remade === undefined || taken === undefined || pruned === undefined)
      throw new Error()
    await set.deliver([kept, remade, taken, pruned])
    await makeAgain(cluster, await set.live(remade))
    await annotate(cluster, await set.live(taken), { 'pushless.internal/set': 'other/set' })
    const { remaining } = await set.deliver([kept])
    t.same(remaining, [])
    t.ok(await set.live(remade), 'it has another UID')
    t.ok(await set.live(taken), 'it has another owner')
    t.equal(await set.live(pruned), undefined)
    t.same(await set.inventory(), ['ConfigMap two/kept'])
    t.match(
      set.events.filter(({ kind }) => kind === 'note'),
      [
        { message: /remade stays: somebody else made another object/ },
        { message: /taken stays: it belongs to other\/set/ },
      ],
    )
  })

  await t.test('2: an empty set and a set that lost most of its objects prune nothing', async (t) => {
    const set = deliveredSet(cluster, await makeNamespace(cluster, 'two-shrunk'))
    const objects = Array.from({ length: 6 }, (_, i) => configMap(`c${i}`))
    await set.deliver(objects)
    t.match(await failureOf(set.deliver([])), { kind: 'shrink', message: /--allow-empty/ })
    t.match(await failureOf(set.deliver(objects.slice(0, 2))), {
      kind: 'shrink',
      message: /4 of the 6 objects/,
    })
    t.equal((await set.inventory()).length, 6)
    for (const object of objects) t.ok(await set.live(object))
    await set.deliver([], { mayBeEmpty: true })
    t.same(await set.inventory(), [])
    t.equal(await set.live(configMap('c0')), undefined)
  })

  await t.test('2: nothing is pruned after a part was refused', async (t) => {
    const namespace = await makeNamespace(cluster, 'two-part')
    const set = deliveredSet(cluster, namespace)
    await set.deliver([configMap('kept'), configMap('leaving')])
    const webhook = await startWebhook(t, (object, isDryRun) =>
      isDryRun || textAt(object, 'metadata', 'name') !== 'refused'
        ? undefined
        : { code: 403, message: 'not now' },
    )
    await install(
      t,
      cluster,
      webhook.configuration('Validating', namespace, { resources: ['configmaps'] }),
      async () =>
        void (await cluster.create({
          ...configMap('refused'),
          metadata: { name: 'refused', namespace, labels: { probe: 'x' } },
        })),
    )
    const error = await failureOf(set.deliver([configMap('kept'), configMap('refused'), configMap('new')]))
    t.match(error, {
      kind: 'refused',
      problems: [{ object: { name: 'refused' }, message: /two-part.*not now/ }],
    })
    t.ok(await set.live(configMap('leaving')))
    t.ok(await set.live(configMap('new')), 'the others of the kind are tried')
    t.match(await set.record(), {
      attempt: undefined,
      history: [{ outcome: 'delivered' }, { outcome: 'failed', note: /not now/ }],
    })
    await set.deliver([configMap('kept')])
    for (const name of ['leaving', 'new']) t.equal(await set.live(configMap(name)), undefined)
    t.same(await set.inventory(), ['ConfigMap two-part/kept'])
  })

  await t.test(
    '2 and 10: a group whose server is down: nothing of the set is pruned, and other sets go on',
    async (t) => {
      const set = deliveredSet(cluster, await makeNamespace(cluster, 'two-group'))
      const group = 'two.example.org'
      const widgets = definition(group, 'Widget')
      await set.deliver([configMap('a'), configMap('b'), custom(group, 'Widget', 'w'), widgets])
      await removeObject(cluster, await set.live(widgets))
      const service: DesiredObject = {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: `v1.${group}` },
        spec: {
          group,
          version: 'v1',
          groupPriorityMinimum: 100,
          versionPriority: 100,
          insecureSkipTLSVerify: true,
          service: { namespace: 'two-group', name: 'down' },
        },
      }
      // The server makes one of its own for each group of a CRD, and removes it a moment later.
      const made = await until(async () => cluster.create(service).catch(() => undefined))
      const other = kubernetesCluster(parseKubeconfig(server.kubeconfig))
      t.teardown(() => other.close())
      const error = await until(async () => {
        const failure = await failureOf(
          set.deliver([configMap('a')], { cluster: other, isPruning: true, mayShrink: true }),
        )
        return failure
      })
      t.match(error, {
        kind: 'server',
        message: /two.example.org\/v1: the server of this API group does not answer/,
      })
      t.ok(await set.live(configMap('b')))
      t.ok((await set.inventory()).includes('Widget two-group/w'))
      const unrelated = deliveredSet(other, 'two-group', 'unrelated')
      t.equal((await unrelated.deliver([configMap('c')])).outcome, 'delivered')
      await removeObject(cluster, made)
    },
  )

  await t.test(
    '3: the namespace of the record is deleted and made again, and the application stays',
    async (t) => {
      const apps = await makeNamespace(cluster, 'three-apps')
      const set = deliveredSet(cluster, await makeNamespace(cluster, 'three'))
      const inApps = (name: string): DesiredObject => configMap(name, { a: '1' }, { namespace: apps })
      await set.deliver([inApps('a'), inApps('b'), deployment('web', {}, { namespace: apps })])
      const before = await set.live(inApps('a'))
      const control = { apiVersion: 'v1', kind: 'Namespace', namespace: undefined, name: 'three' }
      await removeObject(cluster, await cluster.get(control))
      await until(async () => ((await cluster.get(control)) === undefined ? true : undefined))
      t.match(await failureOf(set.deliver([inApps('a')])), {
        kind: 'refused',
        message: /namespace three is not there/,
      })
      await makeNamespace(cluster, 'three')
      const { generation } = await set.deliver([inApps('a')])
      t.equal(generation, 1)
      t.equal((await set.live(inApps('a')))?.metadata.uid, before?.metadata.uid)
      t.ok(await set.live(inApps('b')), 'nothing is known about it')
      t.same(await set.inventory(), ['ConfigMap three-apps/a'])
    },
  )

  await t.test(
    '4: an object of two sets is refused, and is not deleted with the set that lost it',
    async (t) => {
      const namespace = await makeNamespace(cluster, 'four')
      const [one, two] = [deliveredSet(cluster, namespace, 'one'), deliveredSet(cluster, namespace, 'two')]
      const shared = configMap('shared')
      await one.deliver([shared, configMap('a')])
      t.match(await failureOf(two.deliver([shared])), {
        kind: 'owned',
        problems: [{ object: { name: 'shared' }, message: /belongs to the set four\/one.*--adopt/ }],
      })
      t.equal(await two.record(), undefined)
      await two.deliver([shared], { isAdopting: true })
      t.match(await failureOf(one.deliver([shared, configMap('a'), configMap('b')])), { kind: 'owned' })
      await one.deliver([configMap('a')])
      t.ok(await two.live(shared))
      t.same(await one.remove(), [])
      t.ok(await two.live(shared), 'nor with the whole set')
      t.equal(await one.live(configMap('a')), undefined)
      t.same(await two.remove(), [])
      t.equal(await two.live(shared), undefined)
    },
  )

  await t.test('4: a set that moves to another namespace leaves nothing behind', async (t) => {
    await makeNamespace(cluster, 'four-a')
    await makeNamespace(cluster, 'four-b')
    const set = deliveredSet(cluster, 'four-a')
    await set.deliver([configMap('a'), configMap('b')])
    await set.deliver([configMap('a'), configMap('b')], { namespace: 'four-b', revision: 'moved' })
    t.same(await set.inventory(), ['ConfigMap four-b/a', 'ConfigMap four-b/b'])
    t.equal(await set.live(configMap('a')), undefined)
    t.ok(await set.live(configMap('a', {}, { namespace: 'four-b' })))
  })
}
