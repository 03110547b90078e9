/** Differences as a table: what the live object has, what a dry run returned, and what is told. */
import t from 'tap'
import type { Json } from '../../../src/core/json.ts'
import { differences } from '../../../src/delivery/drift/differences.ts'
import { parseIgnorePattern } from '../../../src/delivery/drift/ignore-pattern.ts'
import { liveObject } from '../live-object.ts'

type Parts = { readonly [key: string]: Json }
type Case = {
  readonly what: string
  readonly live: Parts
  readonly desired: Parts
  /** Kind, path, and the readable path where it is another. */
  readonly found: readonly (readonly [kind: string, path: string, readable?: string])[]
  readonly ignored?: readonly string[]
}

const containers = (...list: readonly Json[]): Parts => ({ spec: { containers: list } })
const web = (image: string, env: readonly Json[] = []): Json => ({ name: 'web', image, env })
const side = { name: 'side', image: 'b' }

const CASES: readonly Case[] = [
  {
    what: 'nothing',
    live: { spec: { a: 1 }, status: { b: 1 } },
    desired: { status: { b: 2 }, spec: { a: 1 } },
    found: [],
  },
  {
    what: 'a changed field',
    live: { spec: { a: { b: 1 } } },
    desired: { spec: { a: { b: 2 } } },
    found: [['changed', '/spec/a/b']],
  },
  {
    what: 'a missing field',
    live: { spec: {} },
    desired: { spec: { a: [1] } },
    found: [['added', '/spec/a']],
  },
  {
    what: 'a surplus field',
    live: { spec: { a: null } },
    desired: { spec: {} },
    found: [['removed', '/spec/a']],
  },
  {
    what: 'another type',
    live: { spec: { a: [1] } },
    desired: { spec: { a: { b: 1 } } },
    found: [['changed', '/spec/a']],
  },
  {
    what: 'an item, whatever its place',
    live: containers(side, web('1')),
    desired: containers(web('2'), side),
    found: [['changed', '/spec/containers/1/image', '/spec/containers[name=web]/image']],
  },
  {
    what: 'an item more and an item less',
    live: containers(web('1')),
    desired: containers(side),
    found: [
      ['removed', '/spec/containers/0', '/spec/containers[name=web]'],
      ['added', '/spec/containers/0', '/spec/containers[name=side]'],
    ],
  },
  {
    what: 'a port by its number',
    live: { spec: { ports: [{ port: 80, protocol: 'TCP', nodePort: 1 }] } },
    desired: { spec: { ports: [{ port: 80, protocol: 'TCP', nodePort: 2 }] } },
    found: [['changed', '/spec/ports/0/nodePort', '/spec/ports[port=80,protocol=TCP]/nodePort']],
  },
  {
    what: 'another order of variables',
    live: containers(web('1', [{ name: 'a' }, { name: 'b' }])),
    desired: containers(web('1', [{ name: 'b' }, { name: 'a' }])),
    found: [['changed', '/spec/containers/0/env', '/spec/containers[name=web]/env']],
  },
  {
    what: 'an item without a key',
    live: { spec: { args: ['a', 'b'] } },
    desired: { spec: { args: ['a', 'c'] } },
    found: [['changed', '/spec/args/1']],
  },
  {
    what: 'another length',
    live: { spec: { args: ['a'] } },
    desired: { spec: { args: ['a', 'c'] } },
    found: [['changed', '/spec/args']],
  },
  {
    what: 'labels, one by one, also where there were none',
    live: {},
    desired: { data: { a: '1', 'b/c': '2' } },
    found: [
      ['added', '/data/a'],
      ['added', '/data/b~1c'],
    ],
  },
  {
    what: 'a name that JavaScript has, too',
    live: { data: {} },
    desired: { data: { constructor: 'x' } },
    found: [['added', '/data/constructor']],
  },
  {
    what: 'nothing that is ignored',
    live: { spec: { replicas: 5, a: 1 } },
    desired: { spec: { replicas: 1, a: 2 } },
    ignored: ['/spec/replicas'],
    found: [['changed', '/spec/a']],
  },
  {
    what: 'nothing that is ignored in any item',
    live: containers(web('1'), side),
    desired: containers(web('2'), { ...side, image: 'c' }),
    ignored: ['/spec/containers/*/image'],
    found: [],
  },
  {
    what: 'nothing that is ignored in one item',
    live: containers(web('1'), side),
    desired: containers(web('2'), { ...side, image: 'c' }),
    ignored: ['/spec/containers[name=web]/image'],
    found: [['changed', '/spec/containers/1/image', '/spec/containers[name=side]/image']],
  },
  {
    what: 'nothing that is ignored in what one side alone has',
    live: { data: { a: '1' } },
    desired: {},
    ignored: ['/data/*'],
    found: [],
  },
  {
    what: 'what is beside the ignored in what one side alone has',
    live: { data: { a: '1', b: '2' } },
    desired: {},
    ignored: ['/data/a'],
    found: [['removed', '/data/b']],
  },
]

void t.test('the difference of', async (t) => {
  for (const { what, live, desired, found, ignored = [] } of CASES) {
    const name = 'one'
    const result = differences(
      liveObject('example.org/v1/Gadget', name, live),
      liveObject('example.org/v1/Gadget', name, desired),
      ignored.map(parseIgnorePattern),
    )
    t.same(
      result.map(({ kind, path, readable }) => [kind, path, readable]),
      found.map(([kind, path, readable = path]) => [kind, path, readable]),
      what,
    )
  }
})

void t.test('what the server sets is no difference, and labels are', async (t) => {
  const one = liveObject('v1/ConfigMap', 'one', {}, { labels: { a: '1' }, generation: 1, managedFields: [] })
  const other = liveObject(
    'v1/ConfigMap',
    'one',
    {},
    { labels: { a: '2' }, generation: 2, managedFields: [{}] },
  )
  t.match(differences(one, other), [{ path: '/metadata/labels/a', live: '1', desired: '2' }])
  t.equal(differences(one, other).length, 1)
})
