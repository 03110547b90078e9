/** Kinds, objects of them, and objects that need others, in one set. */
import type { Test } from 'tap'
import type { Plane } from './delivery-steps.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import {
  configMap,
  custom,
  definition,
  deliveredSet,
  deployment,
  failureOf,
  makeNamespace,
  type Fields,
} from '../support/delivered-set.ts'
import { until } from './until.ts'

const pod = (priorityClassName: string): DesiredObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { priorityClassName, containers: [{ name: 'c', image: 'i' }] },
})

export async function deliveredKinds(t: Test, { cluster }: Plane): Promise<void> {
  const namespaced = async (name: string) => deliveredSet(cluster, await makeNamespace(cluster, name))

  await t.test(
    'a namespace, a kind, objects of it and their controller, in one set, there and away',
    async (t) => {
      const group = 'whole.example.org'
      const inNamespace = { namespace: 'whole' }
      const set = deliveredSet(cluster, 'whole')
      const objects: readonly DesiredObject[] = [
        custom(group, 'Widget', 'w', { spec: { size: 1 } }),
        deployment('controller'),
        definition(group, 'Widget'),
        configMap('settings', {}, inNamespace),
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'whole' } },
      ]
      t.equal((await set.deliver(objects)).outcome, 'delivered')
      t.equal((await set.deliver(objects)).isIdle, true)
      const kept = await set.remove({ confirmed: new Set() })
      t.match(kept.toSorted(), [
        /CustomResourceDefinition widgets.whole.example.org stays: .*confirmation/,
        /Namespace whole stays: .*confirmation/,
      ])
      t.equal(await set.live(deployment('controller')), undefined)
      const deletions = set.events.flatMap((event) =>
        event.kind === 'object' && event.outcome === 'deleted' ? [event.name.kind] : [],
      )
      t.same(deletions, ['Widget', 'Deployment', 'ConfigMap'], 'objects go before their controller')
      t.same(await set.inventory(), ['CustomResourceDefinition widgets.whole.example.org', 'Namespace whole'])
      const confirmed = new Set(await set.inventory())
      t.same(await set.remove({ confirmed }), [])
      t.equal(await set.live(definition(group, 'Widget')), undefined)
    },
  )

  await t.test('objects that need others of the set are not refused for those', async (t) => {
    const set = await namespaced('needs')
    const high: DesiredObject = {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'needs-high' },
      value: 10,
    }
    t.match(await failureOf(set.deliver([pod('needs-high')])), {
      kind: 'refused',
      problems: [{ message: /needs-high/ }],
    })
    t.equal((await set.deliver([pod('needs-high'), high])).outcome, 'delivered')
    await set.remove()
  })

  await t.test('a schema and objects that need its new fields, in one set', async (t) => {
    const set = await namespaced('schema')
    const group = 'schema.example.org'
    const schema = (...fields: readonly string[]): DesiredObject => {
      const properties = Object.fromEntries(fields.map((name) => [name, { type: 'integer' }]))
      const openAPIV3Schema = { type: 'object', properties: { spec: { type: 'object', properties } } }
      return definition(group, 'Widget', {
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
      })
    }
    const widget = (spec: Fields): DesiredObject => custom(group, 'Widget', 'w', { spec })
    await set.deliver([schema('old'), widget({ old: 1 })])
    await set.deliver([schema('old', 'new'), widget({ old: 1, new: 2 })])
    t.match(await set.live(widget({})), { spec: { old: 1, new: 2 } })
    t.match(await failureOf(set.deliver([schema('old', 'new'), widget({ old: 1, nwe: 2 })])), {
      kind: 'refused',
      problems: [{ message: /nwe/ }],
    })
    t.match(await set.record(), { history: { length: 2 } }, 'nothing was begun')
  })

  await t.test('an object whose version of the API is no longer served is pruned by another', async (t) => {
    const set = await namespaced('version')
    const group = 'version.example.org'
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
    const served = (old: boolean): DesiredObject =>
      definition(group, 'Widget', {
        versions: [
          { name: 'v1beta1', served: old, storage: false, schema },
          { name: 'v1', served: true, storage: true, schema },
        ],
      })
    const widget = { ...custom(group, 'Widget', 'w'), apiVersion: `${group}/v1beta1` }
    await set.deliver([served(true), widget, configMap('a')])
    await set.deliver(
      [served(false), widget, configMap('a')].filter((one) => one !== widget),
      { isPruning: false },
    )
    await until(async () => {
      cluster.forgetKinds()
      return (await cluster.resource(widget)) === undefined ? true : undefined
    })
    t.ok(await set.live(custom(group, 'Widget', 'w')))
    await set.deliver([served(false), configMap('a')], { revision: 'pruned' })
    t.equal(await set.live(custom(group, 'Widget', 'w')), undefined)
  })
}
