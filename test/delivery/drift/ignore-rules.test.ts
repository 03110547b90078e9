/** Which fields are ignored, and what is left to apply. */
import t from 'tap'
import type { Json } from '../../../src/core/json.ts'
import type { DesiredObject } from '../../../src/kubernetes/client/cluster.ts'
import { ignoredFields, withoutIgnored, type IgnoreRule } from '../../../src/delivery/drift/ignore-rules.ts'
import { parseIgnorePattern, splitPatterns } from '../../../src/delivery/drift/ignore-pattern.ts'
import { scaledObjects } from '../../../src/delivery/drift/scaled-objects.ts'
import { liveObject } from '../live-object.ts'

type Parts = { readonly [key: string]: Json }

function object(kind: string, parts: Parts = {}, metadata: Parts = {}): DesiredObject {
  const slash = kind.lastIndexOf('/')
  return {
    apiVersion: kind.slice(0, slash),
    kind: kind.slice(slash + 1),
    ...parts,
    metadata: { name: 'web', ...metadata },
  }
}

/** What is applied of an object that is there already. */
function applied(
  desired: DesiredObject,
  rules: readonly IgnoreRule[] = [],
  scalers: readonly DesiredObject[] = [],
) {
  const scaled = scaledObjects(scalers, 'shop')
  const ignored = ignoredFields(desired, { rules, scaled, namespace: 'shop' })
  return withoutIgnored(desired, ignored, liveObject('v1/ConfigMap', 'web'))
}

const deployment = object(
  'apps/v1/Deployment',
  { spec: { replicas: 2, paused: false } },
  { labels: { app: 'web' } },
)
const scaler = (target: Parts, metadata: Parts = {}) =>
  object('autoscaling/v2/HorizontalPodAutoscaler', { spec: { scaleTargetRef: target } }, metadata)
const TARGET = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }

void t.test('rules are for the objects that they target', async (t) => {
  const paths = ['/spec/replicas']
  for (const [target, isMeant] of [
    [undefined, true],
    [{}, true],
    [{ kind: 'Deployment' }, true],
    [{ kind: 'Deployment', group: 'apps', name: 'web', namespace: 'shop', labels: { app: 'web' } }, true],
    [{ kind: 'StatefulSet' }, false],
    [{ group: '' }, false],
    [{ name: 'other' }, false],
    [{ namespace: 'default' }, false],
    [{ labels: { app: 'web', tier: 'a' } }, false],
  ] as const) {
    const rules = [target === undefined ? { paths } : { target, paths }]
    t.equal('replicas' in Object(applied(deployment, rules)['spec']), !isMeant, JSON.stringify(target))
  }
})

void t.test('the annotation counts, with all that pointers have', async (t) => {
  const annotations = { 'pushless.internal/ignore': '/data/a~1b, /data/c , /metadata/labels/*' }
  const one = object(
    'v1/ConfigMap',
    { data: { 'a/b': '1', c: '2', d: '3' } },
    { annotations, labels: { x: 'y' } },
  )
  t.same(applied(one), { ...one, data: { d: '3' }, metadata: { name: 'web', annotations } })
  t.same(splitPatterns('/a[x=1,y=2]/b,/c,'), ['/a[x=1,y=2]/b', '/c'])
  for (const wrong of ['spec/replicas', '/', '/a[b]'])
    t.throws(
      () => applied(object('v1/ConfigMap', {}, { annotations: { 'pushless.internal/ignore': wrong } })),
      { kind: 'manifest-invalid', message: /^ConfigMap\/web: annotation pushless.internal\/ignore: / },
      wrong,
    )
})

void t.test('replicas are ignored where something scales them', async (t) => {
  for (const [what, scalers, isScaled] of [
    ['its autoscaler', [scaler(TARGET)], true],
    ['another version', [scaler({ ...TARGET, apiVersion: 'apps/v1beta1' })], true],
    ['another name', [scaler({ ...TARGET, name: 'other' })], false],
    ['another kind', [scaler({ ...TARGET, kind: 'StatefulSet' })], false],
    ['another namespace', [scaler(TARGET, { namespace: 'default' })], false],
    ['the same namespace, named', [scaler(TARGET, { namespace: 'shop' })], true],
    [
      'KEDA, with its defaults',
      [object('keda.sh/v1alpha1/ScaledObject', { spec: { scaleTargetRef: { name: 'web' } } })],
      true,
    ],
    ['no autoscaler', [object('v1/ConfigMap')], false],
  ] as const)
    t.equal('replicas' in Object(applied(deployment, [], scalers)['spec']), !isScaled, what)
})

void t.test('certificates that are injected are ignored', async (t) => {
  const annotations = { 'cert-manager.io/inject-ca-from': 'shop/web' }
  const webhooks = [{ name: 'a', clientConfig: { caBundle: 'Cg==', service: { name: 'a' } } }]
  const hook = 'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration'
  t.same(applied(object(hook, { webhooks }, { annotations }))['webhooks'], [
    { name: 'a', clientConfig: { service: { name: 'a' } } },
  ])
  t.same(applied(object(hook, { webhooks }))['webhooks'], webhooks, 'where nothing injects them they count')
  const conversion = { strategy: 'Webhook', webhook: { clientConfig: { caBundle: 'Cg==' } } }
  t.same(
    applied(
      object('apiextensions.k8s.io/v1/CustomResourceDefinition', { spec: { conversion } }, { annotations }),
    )['spec'],
    { conversion: { strategy: 'Webhook', webhook: { clientConfig: {} } } },
  )
})

void t.test('the name is never left out, and a new object is applied whole', async (t) => {
  const ignored = ['/metadata', '/kind', '/apiVersion', '/spec'].map(parseIgnorePattern)
  t.same(withoutIgnored(deployment, ignored, liveObject('apps/v1/Deployment', 'web')), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
  })
  t.equal(withoutIgnored(deployment, ignored, undefined), deployment)
})
