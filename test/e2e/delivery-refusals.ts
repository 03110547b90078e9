/** What the server refuses, and how it is told. */
import type { Test } from 'tap'
import type { Plane } from './delivery-steps.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { startWebhook } from '../support/admission-webhook.ts'
import {
  configMap,
  custom,
  deliveredSet,
  deployment,
  failureOf,
  makeNamespace,
  service,
} from '../support/delivered-set.ts'
import { until } from './until.ts'

export async function refusedSets(t: Test, { cluster }: Plane): Promise<void> {
  const namespaced = async (name: string) => deliveredSet(cluster, await makeNamespace(cluster, name))

  const REFUSED: readonly (readonly [string, readonly DesiredObject[], string, RegExp, RegExp])[] = [
    [
      'an unknown kind',
      [custom('nobody.example.org', 'Gadget', 'g')],
      'no-such-kind',
      /no kind Gadget of nobody.example.org\/v1/,
      /:2$/,
    ],
    [
      'an object that is there twice',
      [configMap('a')],
      'invalid',
      /is there twice: first in objects.yaml:1/,
      /:2$/,
    ],
    ['a field that is unknown', [{ ...configMap('x'), dat: {} }], 'refused', /dat/, /:2 dat$/],
    [
      'a value of the wrong type',
      [configMap('x', { n: 1 })],
      'refused',
      /expected string|cannot unmarshal|n: /,
      /:2( data n)?$/,
    ],
    [
      'a value out of range',
      [deployment('x', { replicas: -1 })],
      'refused',
      /spec.replicas: .*greater than or equal/,
      /:2 spec replicas$/,
    ],
    [
      'a namespace that is missing',
      [configMap('x', {}, { namespace: 'nowhere' })],
      'refused',
      /namespace nowhere is not there/,
      /:2$/,
    ],
    [
      'an annotation with another value',
      [configMap('x', {}, { annotations: { 'pushless.internal/wave': 'one' } })],
      'invalid',
      /expected a whole number/,
      /:2$/,
    ],
    [
      'no stable name',
      [{ ...configMap('x'), metadata: { name: '', generateName: 'x-' } }],
      'invalid',
      /generateName/,
      /:2$/,
    ],
  ]
  await t.test('what is refused changes nothing, and is told with its place', async (t) => {
    const set = await namespaced('refused')
    for (const [what, objects, kind, message, place] of REFUSED) {
      const error = await failureOf(set.deliver([configMap('a'), ...objects]))
      t.match(error, { kind, problems: [{ message, place }] }, what)
      t.equal(await set.live(configMap('a')), undefined, what)
      t.equal(await set.record(), undefined, what)
    }
  })

  await t.test('an object that may not be deleted is named, and stays in the inventory', async (t) => {
    const set = await namespaced('undeletable')
    await set.deliver([configMap('a'), service('web'), service('kept')])
    const webhook = await startWebhook(t, () => ({ code: 403, message: 'somebody still needs it' }))
    const configuration = webhook.configuration('Validating', 'undeletable', {
      resources: ['services'],
      operations: ['DELETE'],
    })
    const { metadata } = await cluster.create(configuration)
    const { apiVersion, kind } = configuration
    const named = { apiVersion, kind, namespace: undefined, name: metadata.name }
    const kept = await set.live(service('kept'))
    const target = { apiVersion: 'v1', kind: 'Service', namespace: 'undeletable', name: 'kept' }
    const uid = kept?.metadata.uid ?? ''
    await until(async () =>
      cluster.remove(target, { uid, isDryRun: true }).then(
        () => undefined,
        () => true,
      ),
    )
    const { remaining } = await set.deliver([service('kept')])
    t.match(remaining, [/Service undeletable\/web can't be deleted: .*somebody still needs it/])
    t.ok(await set.live(configMap('a')), 'what it may need stays, too')
    t.same(await set.inventory(), [
      'ConfigMap undeletable/a',
      'Service undeletable/kept',
      'Service undeletable/web',
    ])
    await cluster.remove(named, { uid: metadata.uid })
    await until(async () =>
      cluster.remove(target, { uid, isDryRun: true }).then(
        () => true,
        () => undefined,
      ),
    )
    t.same((await set.deliver([service('kept')])).remaining, [])
    t.same(await set.inventory(), ['Service undeletable/kept'])
  })

  await t.test('a quota refuses by its own words', async (t) => {
    const set = await namespaced('quota')
    const quota: DesiredObject = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none', namespace: 'quota' },
      spec: { hard: { 'count/services': '0' } },
    }
    const created = await cluster.create(quota)
    await cluster
      .apply(
        { ...quota, spec: {}, status: { hard: { 'count/services': '0' }, used: { 'count/services': '0' } } },
        { subresource: 'status' },
      )
      .catch(() => created)
    t.match(await failureOf(set.deliver([configMap('a'), service('web')])), {
      kind: 'refused',
      problems: [{ object: { name: 'web' }, message: /quota/ }],
    })
    t.equal(await set.live(configMap('a')), undefined)
  })
}
