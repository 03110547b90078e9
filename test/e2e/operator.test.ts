/** The operator on real API servers: profiles of a provider are delivered to a tenant, kept there, and deleted. */
import { join } from 'node:path'
import t from 'tap'
import { fieldAt, textAt } from '../../src/core/json-fields.ts'
import { loadRecord } from '../../src/delivery/inventory/record-store.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import type { Json } from '../../src/core/json.ts'
import { SETS, configMap, messageIn, startOperator, until, untilCondition } from '../support/operator-rig.ts'
import { putManifests } from '../support/operator-store.ts'
import { historyOf, kubeconfigSecret, startOperatorWorld, targetIn } from '../support/operator-world.ts'
import { missing } from '../support/requirement.ts'

const skip = missing('etcd') || (await missingKubernetes('kube-apiserver'))
const DRIFT_MS = 5000

void t.test('the operator', { skip }, async (t) => {
  const world = await startOperatorWorld(t, ['tenant', 'other'])
  const { own, apply, put, dataOf } = world
  const tenant = world.cluster('tenant')
  startOperator(t, world.provider.kubeconfig, world.directory)
  const target = targetIn('tenant')
  const edit = async (name: string, data: { readonly [key: string]: string }) =>
    tenant.apply(
      { ...configMap(name, data), metadata: { name, namespace: 'default' } },
      { force: true, fieldManager: 'kubectl-edit' },
    )
  const untilData = async (name: string, data: object | undefined, at = 'tenant') =>
    until(`${name} has ${JSON.stringify(data)}`, async () => {
      return JSON.stringify(await dataOf(at, name)) === JSON.stringify(data)
    })

  const deliverySet = async (
    path: string,
    rollout: { readonly [field: string]: Json } = {},
    clusters: Json = { secrets: [{ name: 'tenant' }, { name: 'other' }] },
  ) =>
    own.apply(
      {
        ...SETS,
        metadata: { namespace: 'default', name: 'fleet' },
        spec: { profiles: [{ name: 'web', source: { storePath: path } }], clusters, rollout },
      },
      { force: true, fieldManager: 'test' },
    )
  const untilSet = async (wanted: string) =>
    untilCondition(own, { namespace: 'default', name: 'fleet' }, 'Ready', wanted, SETS)

  await t.test('a profile is delivered, and drift is corrected', async (t) => {
    const path = await put('web', { a: '1' })
    await apply('web', path, { target })
    const ready = await world.until('web', 'Ready', 'True Delivered')
    t.equal(textAt(ready, 'status', 'revision'), path)
    t.equal(fieldAt(ready, 'status', 'generation'), 1)
    t.same(fieldAt(ready, 'status', 'inventory'), ['ConfigMap default/web'])
    t.same(await dataOf('tenant', 'web'), { a: '1' })
    await edit('web', { a: '2', b: '3' })
    const edited = await untilData('web', { a: '1' })
    t.ok(edited <= DRIFT_MS, `an edit was corrected after ${Math.round(edited)} ms`)
    const live = await world.map('tenant', 'web')
    await tenant.remove(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'web' },
      { uid: live?.metadata.uid ?? '' },
    )
    const deleted = await untilData('web', { a: '1' })
    t.ok(deleted <= DRIFT_MS, `a deletion was corrected after ${Math.round(deleted)} ms`)
    t.comment(`edit ${Math.round(edited)} ms, deletion ${Math.round(deleted)} ms`)
    await until('the events are there', async () => (await world.reasons('web')).includes('DriftCorrected'))
  })

  await t.test('nothing is asked about objects of the set that did not drift', async (t) => {
    const others = Array.from({ length: 30 }, (_, i) => configMap(`wide-${i}`, { a: '1' }))
    await apply('wide', await put('wide', { a: '1' }, ...others), { target })
    await world.until('wide', 'Ready', 'True Delivered')
    const before = (await world.server('tenant')?.requests())?.length ?? 0
    await edit('wide', { a: '2' })
    await untilData('wide', { a: '1' })
    await until('it is told', async () => (await world.reasons('wide')).includes('DriftCorrected'))
    const asked = ((await world.server('tenant')?.requests()) ?? []).slice(before)
    t.same(
      asked.filter(({ uri }) => /configmaps\/wide-/.test(uri)),
      [],
    )
    const map = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'wide-7' }
    const removed = await tenant.get(map)
    await tenant.remove(map, { uid: removed?.metadata.uid ?? '' })
    await untilData('wide-7', { a: '1' })
    const set = { namespace: 'default', name: 'wide' }
    await until('the record has the new object', async () => {
      const { record } = (await loadRecord(tenant, set)) ?? {}
      const uids = record?.inventory.map(({ uid }) => uid) ?? []
      const live = await tenant.get(map)
      return record?.attempt === undefined && uids.length === 31 && uids.includes(live?.metadata.uid)
    })
    const { record } = (await loadRecord(tenant, set)) ?? {}
    t.notOk(record?.inventory.some(({ uid }) => uid === undefined))
    t.equal(record?.history.length, 1)
  })

  await t.test('another source is another generation, and what left it is pruned', async (t) => {
    const path = await putManifests(join(world.directory, 'store'), 'web', [
      configMap('web', { a: '2' }),
      configMap('more', { b: '1' }),
    ])
    await apply('web', path, { target })
    await until(
      'generation 2 is there',
      async () => fieldAt((await world.profile('web'))?.['status'], 'generation') === 2,
    )
    t.same(await dataOf('tenant', 'more'), { b: '1' })
    await apply('web', await put('web', { a: '3' }), { target })
    await untilData('more', undefined)
    const live = await world.until('web', 'Ready', 'True Delivered')
    t.equal(fieldAt(live, 'status', 'generation'), 3)
    t.same(fieldAt(live, 'status', 'inventory'), ['ConfigMap default/web'])
  })

  await t.test('rollbackTo goes back without the source, and stays there', async (t) => {
    await apply('web', undefined, {
      source: { storePath: '/nix/store/00000000000000000000000000000000-gone' },
      target,
      rollbackTo: 1,
    })
    const ms = await untilData('web', { a: '1' })
    t.comment(`rolled back after ${Math.round(ms)} ms`)
    const live = await world.until('web', 'Ready', 'True Delivered')
    t.equal(fieldAt(live, 'status', 'generation'), 4)
    t.equal(textAt(historyOf(live)[0], 'note'), 'rollback to 1')
    await apply('web', undefined, {
      source: { storePath: '/nix/store/00000000000000000000000000000000-gone' },
      target,
      rollbackTo: 1,
      timeout: '6m',
    })
    const again = await world.until('web', 'Ready', 'True Delivered')
    t.equal(fieldAt(again, 'status', 'generation'), 4, 'no further generation')
    await edit('web', { a: '9' })
    await untilData('web', { a: '1' })
  })

  await t.test('warn reports drift, off does not look', async (t) => {
    await apply('warned', await put('warned', { a: '1' }), { target, drift: 'warn' })
    await apply('left', await put('left', { a: '1' }), { target, drift: 'off' })
    await world.until('warned', 'Ready', 'True Delivered')
    await world.until('left', 'Ready', 'True Delivered')
    await edit('warned', { a: '2' })
    await edit('left', { a: '2' })
    const live = await world.until('warned', 'Drifted', 'True Drifted')
    t.equal(fieldAt(live, 'status', 'driftedObjects'), 1)
    t.match(messageIn(live, 'Drifted'), /ConfigMap default\/warned changed: \/data\/a/)
    t.same(await dataOf('tenant', 'warned'), { a: '2' })
    t.same(await dataOf('tenant', 'left'), { a: '2' })
    await edit('warned', { a: '1' })
    await world.until('warned', 'Drifted', 'False NoDrift')
  })

  await t.test('a difference that always comes back is reported, and not fought', async (t) => {
    await apply('fought', await put('fought', { a: '1' }), { target })
    await world.until('fought', 'Ready', 'True Delivered')
    for (let i = 0; i < 3; i++) {
      await edit('fought', { a: 'other' })
      await untilData('fought', { a: '1' })
    }
    await edit('fought', { a: 'other' })
    const live = await world.until('fought', 'Drifted', 'True ComesBack')
    t.match(messageIn(live, 'Drifted'), /\/data\/a comes back after each correction, written by kubectl-edit/)
    t.same(await dataOf('tenant', 'fought'), { a: 'other' })
  })

  await t.test('suspend and dependsOn', async (t) => {
    await apply('second', await put('second', { a: '1' }), { target, dependsOn: [{ name: 'first' }] })
    const waiting = await world.until('second', 'Ready', 'False DependencyNotReady')
    t.match(messageIn(waiting, 'Ready'), /default\/first is not there/)
    await apply('first', await put('first', { a: '1' }), { target, suspend: true })
    await world.until('first', 'Ready', 'Unknown Suspended')
    t.equal(await dataOf('tenant', 'first'), undefined)
    await apply('first', await put('first', { a: '1' }), { target, suspend: false })
    await world.until('second', 'Ready', 'True Delivered')
  })

  await t.test('a profile that moves leaves nothing behind', async (t) => {
    const path = await put('moved', { a: '1' })
    await apply('moved', path, { target })
    await world.until('moved', 'Ready', 'True Delivered')
    await apply('moved', path, { target: targetIn('other') })
    await untilData('moved', { a: '1' }, 'other')
    await untilData('moved', undefined, 'tenant')
    const live = await world.until('moved', 'Ready', 'True Delivered')
    await until(
      'nothing is left',
      async () => fieldAt((await world.profile('moved'))?.['status'], 'leftAt') === undefined,
    )
    t.equal(fieldAt(live, 'status', 'target', 'kubeConfig', 'name'), 'other')
  })

  await t.test('a kubeconfig that changes counts at once', async (t) => {
    const kubeconfig = (name: string) => world.server(name)?.kubeconfig ?? ''
    // Without the label by which a set chooses clusters.
    const metadata = { namespace: 'default', name: 'rotated' }
    const secret = async (text: string) =>
      own.apply({ ...kubeconfigSecret('rotated', text), metadata }, { force: true })
    const path = await put('rotated', { a: '1' })
    await apply('rotated', path, {
      target: targetIn('rotated'),
      interval: '1h',
      retryInterval: '1h',
      deletionPolicy: 'orphan',
    })
    await world.until('rotated', 'Stalled', 'True InvalidTarget')
    await secret(kubeconfig('tenant').replace(/token: [^}]*/, 'token: expired'))
    await world.until('rotated', 'Ready', 'False TargetUnauthorized')
    await secret(kubeconfig('tenant'))
    await world.until('rotated', 'Ready', 'True Delivered')
    await secret(kubeconfig('other'))
    await untilData('rotated', { a: '1' }, 'other')
    t.ok((await world.reasons('rotated')).includes('TargetUnauthorized'))
    await world.remove('rotated')
    await world.untilGone('rotated')
  })

  await t.test('a profile is deleted by its policy', async (t) => {
    for (const [name, deletionPolicy] of [
      ['pruned', 'prune'],
      ['orphaned', 'orphan'],
      ['refused', 'refuse'],
    ] as const) {
      await apply(name, await put(name, { a: '1' }), { target, deletionPolicy })
      await world.until(name, 'Ready', 'True Delivered')
      await world.remove(name)
    }
    await world.untilGone('pruned')
    await world.untilGone('orphaned')
    t.equal(await dataOf('tenant', 'pruned'), undefined)
    t.same(await dataOf('tenant', 'orphaned'), { a: '1' })
    await world.until('refused', 'Stalled', 'True DeletionRefused')
    t.same(await dataOf('tenant', 'refused'), { a: '1' })
    await apply('refused', await put('refused', { a: '1' }), { target, deletionPolicy: 'prune' })
    await world.untilGone('refused')
    t.equal(await dataOf('tenant', 'refused'), undefined)
    const again = await put('orphaned', { a: '2' })
    await apply('orphaned', again, { target })
    const live = await world.until('orphaned', 'Ready', 'True Delivered')
    t.equal(fieldAt(live, 'status', 'generation'), 2, 'a profile that is made again goes on')
  })

  await t.test('a set goes from cluster to cluster, and stops at the first failure', async (t) => {
    const good = await put('fleet', { a: '1' })
    await deliverySet(good)
    const ready = await untilSet('True Delivered')
    t.same(fieldAt(ready, 'status', 'progress'), [
      { cluster: 'tenant', state: 'ready' },
      { cluster: 'other', state: 'ready' },
    ])
    t.same(await dataOf('tenant', 'fleet'), { a: '1' })
    t.same(await dataOf('other', 'fleet'), { a: '1' })
    await deliverySet('/nix/store/00000000000000000000000000000000-gone')
    const halted = await untilSet('False Halted')
    t.same(fieldAt(halted, 'status', 'failed'), 1)
    t.equal(fieldAt(halted, 'status', 'updated'), 1, 'the second cluster was left alone')
    await deliverySet(await put('fleet', { a: '2' }), { atOnce: 2, stopAtFirstFailure: false })
    // A failed cluster gets the next change too, since that is how it is mended.
    await untilSet('True Delivered')
    t.same(await dataOf('tenant', 'fleet'), { a: '2' })
    t.same(await dataOf('other', 'fleet'), { a: '2' })
    await deliverySet(await put('fleet', { a: '2' }), {}, { selector: { matchLabels: { tenant: 'yes' } } })
    await untilSet('True Delivered')
    await deliverySet(await put('fleet', { a: '2' }), {}, { secrets: [{ name: 'other' }] })
    await untilData('fleet', undefined, 'tenant')
    t.same(await dataOf('other', 'fleet'), { a: '2' })
  })

  await t.test('who removes the kind keeps the applications', async (t) => {
    const name = 'deliveryprofiles.pushless.internal'
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      namespace: undefined,
      name,
    }
    const live = await own.get(definition)
    await own.remove(definition, { uid: live?.metadata.uid ?? '' })
    await until('the kind is gone', async () => (await own.get(definition)) === undefined)
    t.same(await dataOf('tenant', 'web'), { a: '1' })
    t.same(await dataOf('other', 'moved'), { a: '1' })
  })
})
