import t from 'tap'
import { differences } from '../../../src/delivery/drift/differences.ts'
import { printableValue } from '../../../src/delivery/drift/redact.ts'
import { liveObject } from '../live-object.ts'

const LAST = 'kubectl.kubernetes.io/last-applied-configuration'
const PASSWORD = 'aHVudGVyMg=='

void t.test('no value of a Secret is printed', async (t) => {
  const annotations = { [LAST]: `{"data":{"password":"${PASSWORD}"}}`, other: 'seen' }
  const live = liveObject(
    'v1/Secret',
    'db',
    { data: { password: PASSWORD, user: PASSWORD } },
    { annotations },
  )
  for (const desired of [
    liveObject('v1/Secret', 'db', { data: { password: 'bmV3' } }),
    liveObject(
      'v1/Secret',
      'db',
      { stringData: { password: 'new' }, type: 'Opaque' },
      { annotations: { other: 'also' } },
    ),
  ]) {
    const texts = [...differences(live, desired), ...differences(desired, live)].flatMap(
      ({ steps, live: one, desired: other }) => [
        printableValue('Secret', steps, one),
        printableValue('Secret', steps, other),
      ],
    )
    t.notMatch(texts.join('\n'), /aHVudGVyMg|bmV3|"new"/)
    t.ok(texts.includes('"***"'))
    t.ok(texts.includes('"seen"'))
  }
  t.equal(printableValue('Secret', [{ kind: 'field', name: 'data' }], { a: PASSWORD }), '{"a":"***"}')
})

void t.test('other values are printed, cut where they are long', async (t) => {
  const path = [{ kind: 'field', name: 'data' }] as const
  t.equal(printableValue('ConfigMap', path, { a: 'b' }), '{"a":"b"}')
  t.equal(printableValue('ConfigMap', path, 'x'.repeat(999)).length, 200)
  t.equal(printableValue('ConfigMap', path, undefined), '')
})
