/** One set, object or webhook that fails, and what is beside it. */
import type { Test } from 'tap'
import type { Plane } from './delivery-steps.ts'
import { fieldAt, textAt } from '../../src/core/json-fields.ts'
import type { Cluster, DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { startWebhook } from '../support/admission-webhook.ts'
import {
  configMap,
  deliveredSet,
  deployment,
  failureOf,
  makeNamespace,
  service,
} from '../support/delivered-set.ts'
import { until } from './until.ts'
import { install, kubectlOf, removeObject } from './delivery-steps.ts'

export async function neighbourFailures(t: Test, { cluster, server }: Plane): Promise<void> {
  await t.test('9: a set whose webhook hangs delays no other', async (t) => {
    const namespace = await makeNamespace(cluster, 'nine')
    const [slow, quick] = [
      deliveredSet(cluster, namespace, 'slow'),
      deliveredSet(cluster, await makeNamespace(cluster, 'nine-quick')),
    ]
    const webhook = await startWebhook(t, () => undefined)
    const configuration = webhook.configuration('Validating', namespace, {
      groups: ['apps'],
      resources: ['deployments'],
    })
    await webhook.stop()
    const probe = { ...deployment('probe'), metadata: { name: 'probe', namespace, labels: { app: 'probe' } } }
    await install(
      t,
      cluster,
      configuration,
      async () => void (await cluster.apply(probe, { isDryRun: true })),
    )
    const fails = failureOf(slow.deliver(Array.from({ length: 20 }, (_, i) => deployment(`d${i}`))))
    const began = performance.now()
    t.equal((await quick.deliver([configMap('a'), configMap('b')])).outcome, 'delivered')
    const took = performance.now() - began
    t.ok(took < 2_000, `${took} ms`)
    t.match(await fails, { kind: 'refused', problems: { length: 20 } })
  })

  await t.test('9: an object and a record that others change at the same time', async (t) => {
    const set = deliveredSet(cluster, await makeNamespace(cluster, 'nine-status'))
    const objects = [configMap('a'), deployment('web')]
    const labelled = new Set<string>()
    const busy: Cluster = {
      ...cluster,
      // Somebody labels each object just before it is replaced.
      replace: async (object, signal) => {
        const key = `${object.metadata.name} ${labelled.size}`
        if (labelled.size < 2) {
          labelled.add(key)
          const { apiVersion, kind, metadata } = object
          const labels = { [`x${labelled.size}`]: 'x' }
          await cluster.apply(
            {
              apiVersion,
              kind,
              metadata: { name: metadata.name, namespace: metadata.namespace ?? '', labels },
            },
            { fieldManager: 'somebody' },
          )
        }
        return cluster.replace(object, signal)
      },
    }
    await set.deliver(objects, { cluster: busy })
    t.equal(labelled.size > 0, true)
    t.match(await set.record(), { attempt: undefined, history: [{ outcome: 'delivered' }] })
    const kubectl = await kubectlOf(t, server.kubeconfig)
    await kubectl(['patch', '-n', 'nine-status', 'configmap', 'a', '-p', '{"data":{"added":"y"}}'])
    let patches = 0
    const raced: Cluster = {
      ...cluster,
      patch: async (name, operations, signal) => {
        if (patches++ < 2) {
          const { apiVersion, kind, namespace = '' } = name
          const labels = { raced: String(patches) }
          await cluster.apply(
            { apiVersion, kind, metadata: { name: name.name, namespace, labels } },
            { fieldManager: 'somebody' },
          )
        }
        return cluster.patch(name, operations, signal)
      },
    }
    t.equal((await set.deliver(objects, { cluster: raced })).outcome, 'delivered')
    t.equal(patches, 3)
    t.same(fieldAt((await set.live(configMap('a'))) ?? null, 'data'), { a: '1' })
  })

  await t.test('10: a webhook that is down is named, and nothing is changed or pruned', async (t) => {
    const namespace = await makeNamespace(cluster, 'ten')
    const set = deliveredSet(cluster, namespace)
    await set.deliver([configMap('a'), service('b'), configMap('c')])
    const webhook = await startWebhook(t, () => undefined)
    await webhook.stop()
    const configuration = webhook.configuration('Validating', namespace, { resources: ['services'] })
    const probe = { ...service('probe'), metadata: { name: 'probe', namespace } }
    await install(
      t,
      cluster,
      configuration,
      async () => void (await cluster.apply(probe, { isDryRun: true })),
    )
    t.match(await failureOf(set.deliver([configMap('a', { a: '2' }), service('b')])), {
      kind: 'refused',
      problems: [{ message: /failed calling webhook "test.ten.example.org"/ }],
    })
    t.equal(textAt((await set.live(configMap('a'))) ?? null, 'data', 'a'), '1')
    t.ok(await set.live(configMap('c')))
    t.match(await set.record(), { attempt: undefined, history: { length: 1 } })
  })

  await t.test('a namespace that is being deleted, and is an object of the set', async (t) => {
    const name = { apiVersion: 'v1', kind: 'Namespace', namespace: undefined, name: 'ending' }
    const set = deliveredSet(cluster, await makeNamespace(cluster, 'ending'))
    const kept = configMap('a', {}, { finalizers: ['example.org/later'] })
    await set.deliver([kept])
    const before = await cluster.get(name)
    await removeObject(cluster, before)
    t.match(await failureOf(set.deliver([configMap('b')])), {
      kind: 'refused',
      problems: [{ object: { name: 'b' }, message: /being terminated/ }],
    })
    const inSet: DesiredObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ending' } }
    const delivering = set.deliver([inSet, configMap('a'), configMap('b')])
    const live = await set.live(kept)
    if (live !== undefined) await cluster.replace({ ...live, metadata: { ...live.metadata, finalizers: [] } })
    t.match(await delivering, { outcome: 'delivered', generation: 1 })
    t.ok(await set.live(configMap('a')), 'it is made again with its namespace')
    t.not((await cluster.get(name))?.metadata.uid, before?.metadata.uid)
    const left = await set.deliver([configMap('a'), configMap('b')], {
      confirmed: new Set(['Namespace ending']),
    })
    t.same(left.remaining, [])
    t.equal((await cluster.get(name))?.metadata['deletionTimestamp'], undefined, 'it holds the record')
    t.same(await set.remove({ confirmed: new Set(['Namespace ending']) }), [])
    await until(async () => ((await cluster.get(name)) === undefined ? true : undefined))
  })
}
