import t from 'tap'
import { decide, type PruneDecision } from '../../../src/delivery/prune/prune-decision.ts'
import type { InventoryEntry } from '../../../src/delivery/inventory/inventory.ts'
import { OWNER } from '../../../src/delivery/set/annotations.ts'
import { liveOf, objectOf } from '../objects.ts'

const ENTRY: InventoryEntry = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: 'default',
  name: 'c',
  uid: 'u1',
  isPruned: true,
}
const OWNED = { [OWNER]: 'default/web' }
const live = (annotations: Readonly<Record<string, string>>, uid = 'u1', kind = 'ConfigMap') =>
  liveOf(objectOf(`${kind}/default/c`, {}, annotations), uid)
const RULES = { owner: 'default/web', confirmed: new Set<string>() }
const CLAIM: InventoryEntry = { ...ENTRY, kind: 'PersistentVolumeClaim' }
const NAMESPACE: InventoryEntry = { ...ENTRY, kind: 'Namespace', namespace: undefined, name: 'shop' }

const HOME = { ...RULES, confirmed: new Set(['Namespace shop']), home: 'shop' }
const liveHome = liveOf(objectOf('Namespace/shop', {}, OWNED), 'u1')

const CASES: readonly (readonly [string, PruneDecision, PruneDecision['kind'], RegExp?])[] = [
  ['the object of the set', decide(ENTRY, live(OWNED), RULES), 'delete'],
  ['an object that is gone', decide(ENTRY, undefined, RULES), 'absent'],
  ['another object by that name', decide(ENTRY, live(OWNED, 'u2'), RULES), 'release', /another object/],
  ['an object of another set', decide(ENTRY, live({ [OWNER]: 'a/b' }), RULES), 'release', /belongs to a\/b/],
  ['an object without an owner', decide(ENTRY, live({}), RULES), 'release', /no annotation/],
  ['the namespace of its own record', decide(NAMESPACE, liveHome, HOME), 'protected', /holds the record/],
  ['another namespace', decide(NAMESPACE, liveHome, { ...HOME, home: 'other' }), 'delete'],
  [
    'an object that somebody opted out in the cluster',
    decide(ENTRY, live({ ...OWNED, 'pushless.internal/prune': 'disabled' }), RULES),
    'release',
    /prune is disabled/,
  ],
  [
    'an object that the set opted out',
    decide({ ...ENTRY, isPruned: false }, live(OWNED), RULES),
    'release',
    /prune is disabled/,
  ],
  [
    'an object that a killed delivery made',
    decide({ ...ENTRY, uid: undefined }, live(OWNED, 'u9'), RULES),
    'delete',
  ],
  [
    'an object that a killed delivery did not make',
    decide({ ...ENTRY, uid: undefined }, live({}, 'u9'), RULES),
    'release',
    /no annotation/,
  ],
  ['a claim', decide(CLAIM, live(OWNED, 'u1', CLAIM.kind), RULES), 'protected', /needs a confirmation/],
  [
    'a claim that is confirmed',
    decide(CLAIM, live(OWNED, 'u1', CLAIM.kind), {
      ...RULES,
      confirmed: new Set(['PersistentVolumeClaim default/c']),
    }),
    'delete',
  ],
  [
    'a namespace, when another is confirmed',
    decide(NAMESPACE, live(OWNED, 'u1', 'Namespace'), { ...RULES, confirmed: new Set(['Namespace c']) }),
    'protected',
    /needs a confirmation/,
  ],
  [
    'a namespace that is confirmed',
    decide(NAMESPACE, live(OWNED, 'u1', 'Namespace'), { ...RULES, confirmed: new Set(['Namespace shop']) }),
    'delete',
  ],
]

for (const [what, decision, kind, reason] of CASES)
  void t.test(`${what}: ${kind}`, (t) => {
    t.equal(decision.kind, kind)
    if (reason !== undefined) t.match('reason' in decision ? decision.reason : '', reason)
    t.end()
  })
