/** Which changes of a delivered object may be drift. */
import t from 'tap'
import type { Json } from '../../src/core/json.ts'
import type { LiveObject } from '../../src/kubernetes/client/cluster.ts'
import { isSuspect, slimObject } from '../../src/operator/drift/slim-object.ts'

type Entry = {
  readonly manager: string
  readonly time: string
  readonly subresource?: string
  readonly fields?: string
}

function live(
  version: string,
  entries: readonly Entry[],
  parts: { readonly [key: string]: Json } = {},
): LiveObject {
  const { labels = {}, ...fields } = parts
  return slimObject({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: 'shop',
      uid: '1',
      resourceVersion: version,
      generation: 1,
      labels,
      managedFields: entries.map(({ manager, time, subresource, fields: owned = 'f:spec' }) => ({
        manager,
        time,
        ...(subresource === undefined ? {} : { subresource }),
        fieldsV1: { [owned]: {} },
      })),
    },
    ...fields,
  })
}

const OWN = { manager: 'pushless', time: '1' }
const STATUS = { manager: 'kube-controller-manager', time: '1', subresource: 'status' }
const EDIT = { manager: 'kubectl-edit', time: '5' }

void t.test('changes of an object', async (t) => {
  const before = live('1', [OWN, STATUS], { spec: { replicas: 1 }, status: { ready: 0 } })
  const rows: readonly (readonly [string, LiveObject, boolean])[] = [
    ['nothing but its version', live('2', [OWN, STATUS], { spec: { replicas: 1 } }), false],
    [
      'its status',
      live('2', [OWN, { ...STATUS, time: '2' }], { spec: { replicas: 1 }, status: { ready: 1 } }),
      false,
    ],
    ['an apply of pushless', live('2', [{ ...OWN, time: '2' }, STATUS], { spec: { replicas: 2 } }), false],
    ['an edit', live('2', [{ ...OWN, fields: 'f:less' }, STATUS, EDIT], { spec: { replicas: 2 } }), true],
    [
      'a label of another',
      live('2', [OWN, STATUS, EDIT], { spec: { replicas: 1 }, labels: { a: 'b' } }),
      true,
    ],
    ['a change that nobody owns', live('2', [OWN, STATUS], { spec: {} }), true],
    ['an object without managed fields', live('2', [], { spec: {} }), true],
  ]
  for (const [what, after, wanted] of rows) t.equal(isSuspect(before, after), wanted, what)
})

void t.test('a correction of pushless after an edit', async (t) => {
  const edited = live('2', [OWN, EDIT], { spec: { replicas: 2 } })
  const corrected = live('3', [{ ...OWN, time: '6' }], { spec: { replicas: 1 } })
  t.equal(isSuspect(edited, corrected), false)
  const again = live(
    '4',
    [
      { ...OWN, time: '6' },
      { ...EDIT, time: '7' },
    ],
    { spec: { replicas: 2 } },
  )
  t.equal(isSuspect(corrected, again), true)
})

void t.test('lists and watches have their fields in another order', async (t) => {
  const { apiVersion, kind, metadata } = live('1', [OWN])
  const parts = { metadata, spec: { a: 1 } }
  t.same(slimObject({ apiVersion, kind, ...parts }), slimObject({ kind, apiVersion, ...parts }))
})
