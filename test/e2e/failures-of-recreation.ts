/** Nothing is deleted to be made again but what may be. */
import type { Test } from 'tap'
import type { Plane } from './delivery-steps.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { startWebhook } from '../support/admission-webhook.ts'
import {
  claim,
  configMap,
  definition,
  deliveredSet,
  deployment,
  failureOf,
  makeNamespace,
} from '../support/delivered-set.ts'
import { install, RECREATE } from './delivery-steps.ts'

const stateful = (serviceName: string): DesiredObject => ({
  ...deployment(
    'db',
    { serviceName, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } },
    RECREATE,
  ),
  kind: 'StatefulSet',
})

export async function recreationFailures(t: Test, { cluster }: Plane): Promise<void> {
  await t.test('1: nothing but what is allowed is deleted and made again', async (t) => {
    const namespace = await makeNamespace(cluster, 'one')
    const set = deliveredSet(cluster, namespace)
    const group = 'one.example.org'
    const objects = (selector: string, storage: string, scope: string): readonly DesiredObject[] => [
      claim('data', storage, {}, RECREATE),
      definition(group, 'Widget', { scope }),
      deployment(
        'web',
        { selector: { matchLabels: { app: 'web', selector } }, template: template('web', selector) },
        RECREATE,
      ),
    ]
    await set.deliver(objects('a', '1Gi', 'Namespaced'))
    const uidOf = async (object: DesiredObject) => (await set.live(object))?.metadata.uid
    const [data, widgets, web] = objects('a', '1Gi', 'Namespaced')
    if (data === undefined || widgets === undefined || web === undefined) throw new Error('three objects')
    const before = await Promise.all([uidOf(data), uidOf(widgets), uidOf(web)])

    // A smaller claim, another storage class, another scope: each is a 422, some of them of an immutable field.
    const allowed = { ...RECREATE.annotations }
    const broken: readonly DesiredObject[] = [
      claim('data', '1Gi', { accessModes: ['ReadOnlyMany'] }, RECREATE),
      {
        ...definition(group, 'Widget', { scope: 'Cluster' }),
        metadata: { name: `widgets.${group}`, annotations: allowed },
      },
    ]
    for (const one of broken)
      t.match(
        await failureOf(
          set.deliver([...objects('a', '1Gi', 'Namespaced').filter(({ kind }) => kind !== one.kind), one]),
        ),
        { kind: 'refused', problems: [{ object: { kind: one.kind } }] },
      )
    t.same(await Promise.all([uidOf(data), uidOf(widgets), uidOf(web)]), before)

    await set.deliver(objects('b', '1Gi', 'Namespaced'))
    const after = await Promise.all([uidOf(data), uidOf(widgets), uidOf(web)])
    t.same(after.slice(0, 2), before.slice(0, 2))
    t.not(after[2], before[2], 'the Deployment has another selector')
    t.equal(set.events.filter((event) => event.kind === 'object' && event.outcome === 'recreated').length, 1)
  })

  await t.test(
    '1: a webhook that says 409, or 422 with the words of an immutable field, makes nothing again',
    async (t) => {
      const namespace = await makeNamespace(cluster, 'one-webhook')
      const set = deliveredSet(cluster, namespace)
      await set.deliver([configMap('a', { a: '1' }, RECREATE)])
      const before = await set.live(configMap('a'))
      let code = 409
      const webhook = await startWebhook(t, () => ({
        code,
        reason: code === 409 ? 'Conflict' : 'Invalid',
        field: 'data.a',
        message: 'data.a: field is immutable',
      }))
      await install(
        t,
        cluster,
        webhook.configuration('Validating', namespace, { resources: ['configmaps'] }),
        async () => {
          await cluster.apply(
            { ...configMap('probe'), metadata: { name: 'probe', namespace } },
            { isDryRun: true },
          )
        },
      )
      for (code of [409, 422])
        t.match(await failureOf(set.deliver([configMap('a', { a: '2' }, RECREATE)])), {
          kind: 'refused',
          problems: [{ message: /denied/ }],
        })
      t.equal((await set.live(configMap('a')))?.metadata.uid, before?.metadata.uid)
    },
  )

  await t.test('1: a StatefulSet whose claims go with it is not made again', async (t) => {
    const set = deliveredSet(cluster, await makeNamespace(cluster, 'one-claims'))
    await set.deliver([stateful('a')])
    const before = await set.live(stateful('a'))
    t.match(await failureOf(set.deliver([stateful('b')])), { kind: 'refused' })
    t.equal((await set.live(stateful('a')))?.metadata.uid, before?.metadata.uid)
  })
}

function template(app: string, selector: string) {
  return {
    metadata: { labels: { app, selector } },
    spec: { containers: [{ name: 'web', image: 'nix.internal/web:1' }] },
  }
}
