import t from 'tap'
import {
  readRecord,
  writeRecord,
  type DeliveryRecord,
} from '../../../src/delivery/inventory/delivery-record.ts'
import { joinInventories, leavingEntries, type Inventory } from '../../../src/delivery/inventory/inventory.ts'
import { liveOf } from '../objects.ts'

const NAME = { namespace: 'default', name: 'web' }
const INVENTORY: Inventory = [
  { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'a', uid: 'u1', isPruned: true },
  { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'b', uid: undefined, isPruned: false },
  { apiVersion: 'v1', kind: 'Namespace', namespace: undefined, name: 'shop', uid: 'u2', isPruned: true },
]
const RECORD: DeliveryRecord = {
  name: NAME,
  cluster: 'c1',
  history: [
    {
      generation: 1,
      revision: '/nix/store/x-web',
      content: 'abc',
      deliveredAt: '2026-01-02T03:04:05.000Z',
      by: 'ann@laptop',
      outcome: 'delivered',
      note: undefined,
      objects: 3,
    },
  ],
  attempt: { id: 'i', generation: 2, revision: 'r', startedAt: '2026-01-02T03:04:06.000Z', by: 'bob@ci' },
  inventory: INVENTORY,
}

void t.test('a record is read as it was written', (t) => {
  t.same(readRecord(NAME, liveOf(writeRecord(RECORD), 'u')), RECORD)
  const ended: DeliveryRecord = { ...RECORD, attempt: undefined }
  t.same(readRecord(NAME, liveOf(writeRecord(ended), 'u')), ended)
  t.end()
})

void t.test('5,000 objects fit into a record', (t) => {
  const inventory = Array.from({ length: 5_000 }, (_, i) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace: `team-${i % 40}`,
    name: `service-number-${i}`,
    uid: crypto.randomUUID(),
    isPruned: true,
  }))
  const written = writeRecord({ ...RECORD, inventory })
  t.ok(JSON.stringify(written).length < 700_000)
  t.same(readRecord(NAME, liveOf(written, 'u')).inventory, inventory)
  t.end()
})

void t.test('what is no record is refused with its reason', (t) => {
  const written = writeRecord(RECORD)
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ data: {}, binaryData: {} }, /it has no inventory\.json\.gz/],
    [{ binaryData: { 'inventory.json.gz': 'AAAA' } }, /can't be unpacked/],
    [{ data: { 'record.json': '{}' } }, /it has no cluster/],
    [{ data: { 'record.json': '{"cluster":"c","history":[{}]}' } }, /no outcome/],
    [{ data: { 'record.json': '{' } }, /JSON/],
  ]
  for (const [change, reason] of cases)
    t.throws(() => readRecord(NAME, liveOf({ ...written, ...change }, 'u')), {
      name: 'SyntaxError',
      message: reason,
    })
  t.end()
})

void t.test('inventories are joined by object, and the next entry of an object counts', (t) => {
  const [a, b, shop] = INVENTORY
  if (a === undefined || b === undefined || shop === undefined) return t.end()
  t.same(joinInventories([a], [{ ...a, apiVersion: 'v2', uid: undefined }, b]), [
    { ...a, apiVersion: 'v2', uid: undefined },
    b,
  ])
  t.same(leavingEntries(INVENTORY, [{ ...a, apiVersion: 'v9' }]), [b, shop])
  t.end()
})
