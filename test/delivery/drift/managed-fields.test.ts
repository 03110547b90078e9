/** Sets of fields, in the form of Kubernetes' FieldsV1. */
import t from 'tap'
import type { Json } from '../../../src/core/json.ts'
import { pointerOf, readablePath } from '../../../src/delivery/drift/field-path.ts'
import {
  isEmptySet,
  ownedPaths,
  readFieldSet,
  subtract,
  unionOf,
  writeFieldSet,
} from '../../../src/delivery/drift/managed-fields.ts'

const FIELDS = {
  'f:metadata': {
    'f:annotations': { '.': {}, 'f:example.org/a': {} },
    'f:finalizers': { 'v:"example.org/hold"': {} },
  },
  'f:spec': {
    'f:replicas': {},
    'f:containers': {
      'k:{"name":"web"}': {
        '.': {},
        'f:image': {},
        'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
      },
    },
    'f:list': { 'i:1': {} },
  },
}

void t.test('paths are read in both forms', async (t) => {
  const object = {
    metadata: { annotations: { 'example.org/a': '' }, finalizers: ['x', 'example.org/hold'] },
    spec: {
      containers: [{ name: 'side' }, { name: 'web', ports: [{ containerPort: 80, protocol: 'TCP' }] }],
      list: [0, 1],
    },
  }
  const paths = ownedPaths(readFieldSet(FIELDS))
  t.same(
    paths.map((path) => [pointerOf(path, object), readablePath(path)]),
    [
      ['/metadata/annotations', '/metadata/annotations'],
      ['/metadata/annotations/example.org~1a', '/metadata/annotations/example.org~1a'],
      ['/metadata/finalizers/1', '/metadata/finalizers[=example.org/hold]'],
      ['/spec/replicas', '/spec/replicas'],
      ['/spec/containers/1', '/spec/containers[name=web]'],
      ['/spec/containers/1/image', '/spec/containers[name=web]/image'],
      ['/spec/containers/1/ports/0', '/spec/containers[name=web]/ports[containerPort=80,protocol=TCP]'],
      [
        '/spec/containers/1/ports/0/containerPort',
        '/spec/containers[name=web]/ports[containerPort=80,protocol=TCP]/containerPort',
      ],
      ['/spec/list/1', '/spec/list/1'],
    ],
  )
})

void t.test('a set is written as it was read', async (t) => {
  t.same(writeFieldSet(readFieldSet(FIELDS)), FIELDS)
  t.same(writeFieldSet(readFieldSet({})), {})
  t.ok(isEmptySet(readFieldSet(undefined)))
  t.same(ownedPaths(readFieldSet({ 'f:a': { 'x:unknown': {} } })), [], 'a form that is not known')
})

const PAIRS: readonly (readonly [what: string, one: Json, other: Json, union: Json, rest: Json])[] = [
  ['the same', { 'f:a': {} }, { 'f:a': {} }, { 'f:a': {} }, {}],
  ['others', { 'f:a': {} }, { 'f:b': {} }, { 'f:a': {}, 'f:b': {} }, { 'f:a': {} }],
  [
    'a field and a part of it',
    { 'f:a': {} },
    { 'f:a': { 'f:b': {} } },
    { 'f:a': { '.': {}, 'f:b': {} } },
    { 'f:a': {} },
  ],
  [
    'a part of a field and the field',
    { 'f:a': { 'f:b': {} } },
    { 'f:a': {} },
    { 'f:a': { '.': {}, 'f:b': {} } },
    { 'f:a': { 'f:b': {} } },
  ],
  [
    'parts',
    { 'f:a': { '.': {}, 'f:b': {}, 'f:c': {} } },
    { 'f:a': { '.': {}, 'f:b': {} } },
    { 'f:a': { '.': {}, 'f:b': {}, 'f:c': {} } },
    { 'f:a': { 'f:c': {} } },
  ],
  ['nothing', { 'f:a': {} }, {}, { 'f:a': {} }, { 'f:a': {} }],
]

void t.test('sets are merged and subtracted', async (t) => {
  for (const [what, one, other, union, rest] of PAIRS) {
    const [a, b] = [readFieldSet(one), readFieldSet(other)]
    t.same(writeFieldSet(unionOf(a, b)), union, `${what}: union`)
    t.same(writeFieldSet(unionOf(b, a)), union, `${what}: union, the other way round`)
    t.same(writeFieldSet(subtract(a, b)), rest, `${what}: rest`)
  }
})
