/** Bad roll-outs, finalizers, and kinds and accounts that are gone. */
import type { Test } from 'tap'
import type { Plane } from './delivery-steps.ts'
import { textAt } from '../../src/core/json-fields.ts'
import { loadGeneration } from '../../src/delivery/find-drift.ts'
import { asServiceAccount } from '../../src/kubernetes/client/cluster-access.ts'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
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
import { removeObject } from './delivery-steps.ts'

export async function rollOutFailures(t: Test, { cluster, server }: Plane): Promise<void> {
  await t.test('7: a bad roll-out blocks neither its fix nor a rollback', async (t) => {
    const set = deliveredSet(cluster, await makeNamespace(cluster, 'seven'))
    const good = [configMap('a', { version: 'good' })]
    const bad = [configMap('a', { version: 'bad' }), deployment('never')]
    await set.deliver(good, { isWaiting: true })
    const waits = failureOf(set.deliver(bad, { isWaiting: true, healthMs: 120_000 }))
    await until(async () => (await set.live(deployment('never'))) !== undefined || undefined)
    const began = performance.now()
    const { entry, objects } = await loadGeneration(cluster, set.name, 1)
    const back = await set.deliver([], {
      objects,
      revision: entry.revision,
      mayShrink: true,
      note: 'rollback to 1',
    })
    t.equal(back.outcome, 'delivered')
    t.ok(performance.now() - began < 5_000, `${performance.now() - began} ms`)
    t.match(await waits, { kind: 'superseded' })
    t.equal(textAt((await set.live(configMap('a'))) ?? null, 'data', 'version'), 'good')
    t.equal(await set.live(deployment('never')), undefined)
    t.match(await set.record(), {
      attempt: undefined,
      history: { 0: { generation: 1, note: 'rollback to 1' }, length: 1 },
    })

    const first = { annotations: { 'pushless.internal/wave': '-1' } }
    const broken = [deployment('gate', {}, first), configMap('after')]
    t.match(await failureOf(set.deliver(broken, { healthMs: 500 })), {
      kind: 'refused',
      problems: [{ object: { name: 'gate' } }],
    })
    t.equal(await set.live(configMap('after')), undefined)
    const fix = await set.deliver([configMap('after'), configMap('a')])
    t.equal(fix.outcome, 'delivered')
    t.equal(await set.live(deployment('gate')), undefined)
  })

  await t.test('8: a finalizer that nobody removes', async (t) => {
    const set = deliveredSet(cluster, await makeNamespace(cluster, 'eight'))
    const stuck = deployment('stuck', {}, { finalizers: ['example.org/never'] })
    const needed = configMap('needed-by-stuck')
    await set.deliver([stuck, needed, configMap('kept')])
    const release = async (): Promise<void> => {
      const live = await set.live(stuck)
      if (live !== undefined)
        await cluster.replace({ ...live, metadata: { ...live.metadata, finalizers: [] } })
    }
    const left = await set.remove({ goneMs: 300 })
    t.match(left, ['Deployment eight/stuck is still being deleted: it waits for example.org/never'])
    t.ok(await set.live(needed), 'what the object may need stays')
    t.ok((await set.inventory()).includes('Deployment eight/stuck'))
    await release()
    t.same(await set.remove({ goneMs: 10_000 }), [])
    t.equal(await set.live(needed), undefined)
    t.equal(await set.record(), undefined)
    t.same((await cluster.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace: 'eight' })).items, [])
  })

  await t.test('8: the kind of objects is gone', async (t) => {
    const set = deliveredSet(cluster, await makeNamespace(cluster, 'eight-kind'))
    const group = 'eight.example.org'
    const widgets = definition(group, 'Widget')
    await set.deliver([widgets, custom(group, 'Widget', 'a'), configMap('a')])
    await removeObject(cluster, await set.live(widgets))
    await until(async () => ((await set.live(widgets)) === undefined ? true : undefined))
    cluster.forgetKinds()
    t.match(
      await failureOf(
        until(async () => {
          await set.deliver([custom(group, 'Widget', 'a'), configMap('a')])
          return undefined
        }),
      ),
      {
        kind: 'no-such-kind',
        problems: [{ message: /the cluster has no kind Widget of eight.example.org\/v1/ }],
      },
    )
    await set.deliver([configMap('a'), configMap('b')])
    t.same(await set.inventory(), ['ConfigMap eight-kind/a', 'ConfigMap eight-kind/b'])
    t.same(await set.remove(), [])
  })

  await t.test('8: the ServiceAccount that delivers has lost its rights', async (t) => {
    const set = deliveredSet(cluster, await makeNamespace(cluster, 'eight-account'))
    await set.deliver([configMap('a'), configMap('b')])
    const access = parseKubeconfig(server.kubeconfig)
    const gone = kubernetesCluster(asServiceAccount(access, 'eight-account', 'gone'))
    t.teardown(() => gone.close())
    t.match(await failureOf(set.deliver([configMap('a')], { cluster: gone })), {
      kind: 'forbidden',
      message: /system:serviceaccount:eight-account:gone/,
    })
    t.ok(await set.live(configMap('b')))
  })
}
