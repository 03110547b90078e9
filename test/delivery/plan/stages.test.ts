import t from 'tap'
import { stagesOf } from '../../../src/delivery/plan/stages.ts'
import { objectOf, setOf } from '../objects.ts'

const wave = (number: string) => ({ 'pushless.internal/wave': number })

void t.test('objects are applied in stages, whatever their order', (t) => {
  const { objects } = setOf([
    objectOf('ValidatingWebhookConfiguration/hook'),
    objectOf('Widget/one'),
    objectOf('Deployment/web'),
    objectOf('ConfigMap/settings'),
    objectOf('ClusterRole/reader'),
    objectOf('CustomResourceDefinition/widgets.example.org'),
    objectOf('Namespace/shop'),
  ])
  t.same(
    stagesOf(objects).map(({ kind, isAwaited, objects: members }) => [
      kind,
      isAwaited,
      ...members.map(({ name }) => name.name),
    ]),
    [
      ['namespaces', true, 'shop'],
      ['definitions', true, 'widgets.example.org'],
      ['cluster', false, 'reader'],
      ['objects', false, 'settings', 'web', 'one'],
      ['webhooks', false, 'hook'],
    ],
  )
  t.end()
})

void t.test('a wave waits for the waves before it', (t) => {
  const { objects } = setOf([
    objectOf('Deployment/last', {}, wave('5')),
    objectOf('Deployment/web'),
    objectOf('Deployment/first', {}, wave('-1')),
    objectOf('Namespace/shop', {}, wave('9')),
  ])
  t.same(
    stagesOf(objects).map(({ kind, wave: number, isAwaited, objects: members }) => [
      kind,
      number,
      isAwaited,
      ...members.map(({ name }) => name.name),
    ]),
    [
      ['namespaces', 0, true, 'shop'],
      ['objects', -1, true, 'first'],
      ['objects', 0, true, 'web'],
      ['objects', 5, false, 'last'],
    ],
  )
  t.end()
})
