import t from 'tap'
import { comingWith } from '../../../src/delivery/plan/coming-with.ts'
import { mayBeMadeAgain } from '../../../src/delivery/plan/recreation.ts'
import { liveOf, objectOf, setOf } from '../objects.ts'

const WIDGETS = objectOf('CustomResourceDefinition/widgets.example.org', {
  spec: { group: 'example.org', names: { kind: 'Widget' } },
})

const named = (apiVersion: string, kind: string, namespace: string, name = 'a') => ({
  apiVersion,
  kind,
  namespace,
  name,
})

void t.test('what comes with a set: its namespaces, its kinds, and objects that a refusal names', (t) => {
  const { objects } = setOf([
    objectOf('Namespace/shop'),
    WIDGETS,
    objectOf('ClusterRole/shop:reader'),
    objectOf('Secret/shop/key'),
  ])
  const coming = comingWith(objects, ({ name }) => name.kind === 'CustomResourceDefinition')
  t.ok(coming.hasPlaceOf(named('v1', 'Secret', 'shop')))
  t.notOk(coming.hasPlaceOf(named('v1', 'Secret', 'other')))
  t.ok(coming.hasPlaceOf(named('example.org/v2', 'Widget', 'other')))
  t.ok(coming.changesKindOf(named('example.org/v2', 'Widget', 'other')))
  t.notOk(comingWith(objects).changesKindOf(named('example.org/v2', 'Widget', 'other')))
  const MESSAGES: readonly (readonly [string, boolean])[] = [
    ['clusterroles.rbac.authorization.k8s.io "shop:reader" not found', true],
    ['pods "a" is forbidden: error looking up service account x/key: serviceaccount "key" not found', true],
    ['pods "a" is forbidden: no PriorityClass with name key was found', true],
    ['clusterroles.rbac.authorization.k8s.io "other" not found', false],
    ['pods "a" is forbidden: key may not be used', false],
    ['"a" not found', false],
  ]
  for (const [message, isMissed] of MESSAGES)
    t.equal(coming.isMissedBy(named('v1', 'Pod', 'x'), message), isMissed, message)
  t.end()
})

void t.test('objects that hold data are never made again', (t) => {
  const retention = { spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } } }
  const CASES: readonly (readonly [string, object, boolean])[] = [
    ['Deployment/web', {}, true],
    ['PersistentVolumeClaim/data', {}, false],
    ['Namespace/shop', {}, false],
    ['CustomResourceDefinition/a', {}, false],
    ['StatefulSet/db', {}, true],
    ['StatefulSet/db', retention, false],
  ]
  for (const [name, fields, isAllowed] of CASES)
    t.equal(mayBeMadeAgain(liveOf(objectOf(name, fields), 'u')), isAllowed, name)
  t.end()
})
