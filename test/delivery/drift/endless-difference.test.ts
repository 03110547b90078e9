import t from 'tap'
import type { Json } from '../../../src/core/json.ts'
import { differences } from '../../../src/delivery/drift/differences.ts'
import { EndlessDifferences, probableWriter } from '../../../src/delivery/drift/endless-difference.ts'
import { liveObject } from '../live-object.ts'

const gadget = (spec: { readonly [key: string]: Json }) =>
  liveObject('example.org/v1/Gadget', 'one', { spec })

/** Looks once, as a loop does. @returns what is fought, and what is endless. */
function look(
  known: EndlessDifferences,
  live: { readonly [key: string]: Json },
  desired: { readonly [key: string]: Json },
) {
  const object = gadget(live)
  const { fought, endless } = known.judge('one', object, differences(object, gadget(desired)))
  return `${fought.map(({ path }) => path).join(' ')} | ${endless.map(({ path }) => path).join(' ')}`
}

void t.test('the same difference is corrected three times, then reported', async (t) => {
  const known = new EndlessDifferences()
  const seen = Array.from({ length: 5 }, () => look(known, { a: 1 }, { a: 2 }))
  t.same(seen, ['/spec/a | ', '/spec/a | ', '/spec/a | ', ' | /spec/a', ' | /spec/a'])
  t.equal(look(known, { a: 1, b: 1 }, { a: 2, b: 2 }), '/spec/b | /spec/a', 'another one is corrected')
  t.equal(look(known, { a: 3 }, { a: 2 }), '/spec/a | ', 'another live value')
  for (const _ of [1, 2, 3]) look(known, { a: 3 }, { a: 2 })
  t.equal(look(known, { a: 3 }, { a: 2 }), ' | /spec/a')
  t.equal(look(known, { a: 3 }, { a: 4 }), '/spec/a | ', 'another desired value')
})

void t.test('one that comes back later counts, until it is gone for three looks', async (t) => {
  const known = new EndlessDifferences()
  for (const _ of [1, 2, 3]) {
    t.equal(look(known, { a: 1 }, { a: 2 }), '/spec/a | ')
    t.equal(look(known, { a: 2 }, { a: 2 }), ' | ')
  }
  t.equal(look(known, { a: 1 }, { a: 2 }), ' | /spec/a')
  for (const _ of [1, 2, 3]) look(known, { a: 2 }, { a: 2 })
  t.equal(look(known, { a: 1 }, { a: 2 }), '/spec/a | ')
  known.forget('one')
  t.equal(look(known, { a: 1 }, { a: 2 }), '/spec/a | ')
})

void t.test('objects do not share what is known', async (t) => {
  const known = new EndlessDifferences()
  const object = gadget({ a: 1 })
  const found = differences(object, gadget({ a: 2 }))
  for (const _ of [1, 2, 3]) known.judge('one', object, found)
  t.equal(known.judge('other', object, found).fought.length, 1)
})

const fields = { 'f:spec': { 'f:list': { 'k:{"id":1}': { '.': {}, 'f:size': {} } }, 'f:a': {} } }
const PATH = [
  { kind: 'field', name: 'spec' },
  { kind: 'field', name: 'list' },
  { kind: 'item', keys: { name: 'x' } },
  { kind: 'field', name: 'size' },
] as const
const entry = (
  manager: string,
  operation: string,
  time: string,
  more: { readonly [key: string]: Json } = {},
): Json => ({
  manager,
  operation,
  apiVersion: 'example.org/v1',
  fieldsType: 'FieldsV1',
  fieldsV1: fields,
  time,
  ...more,
})

void t.test('the probable writer', async (t) => {
  for (const [what, managedFields, expected] of [
    [
      'another manager',
      [entry('pushless', 'Apply', '3'), entry('other', 'Update', '2'), entry('older', 'Update', '1')],
      'other',
    ],
    [
      'a controller, by a subresource',
      [entry('kube-controller-manager', 'Update', '1', { subresource: 'scale' })],
      'kube-controller-manager (scale)',
    ],
    [
      'nobody',
      [
        entry('pushless', 'Apply', '1'),
        entry('other', 'Update', '1', { fieldsV1: { 'f:spec': { 'f:a': {} } } }),
      ],
      'a mutating webhook, or the server itself',
    ],
  ] as const) {
    const live = liveObject(
      'example.org/v1/Gadget',
      'one',
      { spec: { list: [{ id: 1, name: 'x', size: 1 }] } },
      { managedFields },
    )
    t.equal(probableWriter(live, PATH), expected, what)
  }
})
