/** Fields that kubectl left, and fields that webhooks rewrite. */
import type { Test } from 'tap'
import type { Plane } from './delivery-steps.ts'
import { fieldAt, listAt, textAt } from '../../src/core/json-fields.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { startWebhook } from '../support/admission-webhook.ts'
import { configMap, deliveredSet, deployment, makeNamespace } from '../support/delivered-set.ts'
import { install, kubectlOf } from './delivery-steps.ts'

const web = (env: readonly string[]): DesiredObject =>
  deployment('web', {
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'i', env: env.map((name) => ({ name, value: 'x' })) }] },
    },
  })

export async function fieldFailures(t: Test, { cluster, server }: Plane): Promise<void> {
  await t.test('5: fields that kubectl left or added go, and the take-over is told', async (t) => {
    const namespace = await makeNamespace(cluster, 'five')
    const set = deliveredSet(cluster, namespace)
    const kubectl = await kubectlOf(t, server.kubeconfig)
    const older = configMap('a', { a: '1', old: 'x' }, { namespace, labels: { old: 'x' } })
    await kubectl(['apply', '-f', '-'], JSON.stringify(older))
    await set.deliver([configMap('a', { a: '1' })])
    t.match(await set.live(configMap('a')), {
      data: { a: '1', old: undefined },
      metadata: { labels: undefined },
    })
    t.match(
      set.events.filter(({ kind }) => kind === 'note'),
      [{ message: /kubectl-client-side-apply/ }],
    )
    await kubectl(['patch', '-n', namespace, 'configmap', 'a', '-p', '{"data":{"added":"y"}}'])
    t.equal((await set.deliver([configMap('a', { a: '1' })])).isIdle, false)
    t.same(fieldAt((await set.live(configMap('a'))) ?? null, 'data'), { a: '1' })
    t.equal((await set.deliver([configMap('a', { a: '1' })])).isIdle, true)
  })

  await t.test('5: a field that left the set goes, also in a list', async (t) => {
    const set = deliveredSet(cluster, await makeNamespace(cluster, 'five-own'))
    await set.deliver([web(['A', 'B', 'C'])])
    await set.deliver([web(['C', 'A'])])
    const [container] = listAt((await set.live(web([]))) ?? null, 'spec', 'template', 'spec', 'containers')
    t.same(
      listAt(container, 'env')
        .map((one) => textAt(one, 'name'))
        .toSorted((a = '', b = '') => a.localeCompare(b)),
      ['A', 'C'],
    )
  })

  await t.test(
    '6: what a webhook rewrites is no difference, and one that never agrees with itself ends',
    async (t) => {
      const namespace = await makeNamespace(cluster, 'six')
      const set = deliveredSet(cluster, namespace)
      let count = 0
      let isStable = true
      const webhook = await startWebhook(t, (object) => ({
        patch: [
          { op: 'add', path: '/data/b', value: `rewritten ${textAt(object, 'metadata', 'name') ?? ''}` },
          { op: 'add', path: '/data/count', value: isStable ? 'one' : String(count++) },
        ],
      }))
      const configuration = webhook.configuration('Mutating', namespace, { resources: ['configmaps'] })
      const probe = configMap('probe', {}, { namespace })
      await install(t, cluster, configuration, async () => {
        if (fieldAt(await cluster.apply(probe, { isDryRun: true }), 'data', 'count') !== undefined)
          throw new Error('it works')
      })
      // Writes of the record pass through it, too: it must not be taken for another delivery.
      const objects = [
        configMap('a', { a: '1', b: 'mine' }),
        configMap('c'),
        deployment('web', { replicas: 1 }),
      ]
      await set.deliver(objects)
      const before = await set.live(configMap('a'))
      t.match(before, { data: { a: '1', b: 'rewritten a', count: 'one' } })
      const again = await set.deliver(objects)
      t.equal(again.isIdle, true)
      t.equal((await set.live(configMap('a')))?.metadata.resourceVersion, before?.metadata.resourceVersion)
      isStable = false
      for (let round = 0; round < 3; round++) {
        const result = await set.deliver(objects)
        t.match(result, { isIdle: false, outcome: 'delivered', generation: 1 })
      }
      t.equal((await set.record())?.history.length, 1)
    },
  )
}
