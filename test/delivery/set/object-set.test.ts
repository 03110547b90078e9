import t from 'tap'
import { faultOfSetName, makeSet } from '../../../src/delivery/set/object-set.ts'
import type { DesiredObject } from '../../../src/kubernetes/client/cluster.ts'
import { objectOf, scopeOf, setOf } from '../objects.ts'

const NAMING = {
  name: { namespace: 'default', name: 'web' },
  revision: 'sha256:1',
  namespace: 'default',
  scopeOf,
}

const problemsOf = (objects: readonly DesiredObject[]) =>
  makeSet(
    objects.map((object, i) => ({ object, placeOf: () => `objects.yaml:${i + 1}` })),
    NAMING,
  ).problems.map(({ place, message }) => `${place}: ${message}`)

void t.test('objects get a namespace, an owner, and nothing that the server sets', (t) => {
  const dumped: DesiredObject = {
    ...objectOf('Deployment/web', { spec: { replicas: 1 }, status: { replicas: 1 } }, { note: 'kept' }),
  }
  const metadata = {
    ...dumped.metadata,
    uid: '1',
    resourceVersion: '5',
    generation: 2,
    labels: { app: 'web' },
  }
  const [object] = setOf([{ ...dumped, metadata }]).objects
  t.same(object?.desired, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: 'default',
      labels: { app: 'web' },
      annotations: { note: 'kept', 'pushless.internal/set': 'default/web' },
    },
    spec: { replicas: 1 },
  })
  t.end()
})

void t.test('texts of a Secret are sent as data', (t) => {
  const [object] = setOf([
    objectOf('Secret/s', { data: { a: 'MQ==', b: 'Mg==' }, stringData: { b: 'three', c: '' } }),
  ]).objects
  t.match(object?.desired, { data: { a: 'MQ==', b: 'dGhyZWU=', c: '' }, stringData: undefined })
  t.end()
})

void t.test('an object of the whole cluster has no namespace', (t) => {
  const [object] = setOf([objectOf('ClusterRole/shop/reader')]).objects
  t.equal(object?.name.namespace, undefined)
  t.notOk(object !== undefined && 'namespace' in object.desired.metadata)
  t.end()
})

const FAULTS: readonly (readonly [string, readonly DesiredObject[], string])[] = [
  [
    'generateName',
    [{ ...objectOf('Deployment/web'), metadata: { name: 'web-', generateName: 'web-' } }],
    'objects.yaml:1: has generateName: each delivery would make another object; give it a metadata.name',
  ],
  [
    'a kind that nobody knows',
    [{ ...objectOf('Unknown/web'), apiVersion: 'example.org/v1' }],
    'objects.yaml:1: the cluster has no kind Unknown of example.org/v1, and no CustomResourceDefinition of this set defines it',
  ],
  [
    'the same object twice, once in another version',
    [objectOf('Deployment/web'), { ...objectOf('Deployment/default/web'), apiVersion: 'apps/v1beta1' }],
    'objects.yaml:2: is there twice: first in objects.yaml:1',
  ],
  [
    'a wave that is no number',
    [objectOf('Deployment/web', {}, { 'pushless.internal/wave': 'last' })],
    'objects.yaml:1: annotation pushless.internal/wave is "last", expected a whole number such as "1"',
  ],
  [
    'another value than disabled',
    [objectOf('Deployment/web', {}, { 'pushless.internal/prune': 'false' })],
    'objects.yaml:1: annotation pushless.internal/prune is "false", expected "disabled"',
  ],
  [
    'another value than allowed',
    [objectOf('Deployment/web', {}, { 'pushless.internal/recreate': 'true' })],
    'objects.yaml:1: annotation pushless.internal/recreate is "true", expected "allowed"',
  ],
]

for (const [what, objects, message] of FAULTS)
  void t.test(`a problem: ${what}`, (t) => {
    t.same(problemsOf(objects), [message])
    t.end()
  })

void t.test('names of sets', (t) => {
  for (const name of ['web', 'a', 'web-3', '0', 'x'.repeat(63)])
    t.equal(faultOfSetName(name), undefined, name)
  for (const name of ['', 'Web', '-web', 'web-', 'we_b', 'web.json', 'x'.repeat(64)])
    t.match(faultOfSetName(name), /is no name of a set/, name)
  t.end()
})
