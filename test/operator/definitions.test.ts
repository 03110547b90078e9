/** Profiles as the operator reads them, and what it says of those that can't be used. */
import t from 'tap'
import type { Json } from '../../src/core/json.ts'
import { readProfile } from '../../src/operator/definitions/delivery-profile.ts'
import { parseDuration } from '../../src/operator/definitions/duration.ts'

const PATH = '/nix/store/00000000000000000000000000000000-web'

function read(spec: Json, name = 'web') {
  return readProfile({
    apiVersion: 'pushless.internal/v1alpha1',
    kind: 'DeliveryProfile',
    metadata: { namespace: 'shop', name, uid: '1', resourceVersion: '1', generation: 3 },
    spec,
  })
}

void t.test('durations', async (t) => {
  const rows: readonly (readonly [string, number | undefined])[] = [
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1h2m3s', 3_723_000],
    ['', undefined],
    ['10', undefined],
    ['1m1h', undefined],
    ['-1s', undefined],
    ['1.5s', undefined],
  ]
  for (const [text, ms] of rows) t.equal(parseDuration(text), ms, text)
})

void t.test('a spec with its defaults', async (t) => {
  const { spec, deletionPolicy, generation } = read({ source: { storePath: PATH } })
  t.equal(deletionPolicy, 'prune')
  t.equal(generation, 3)
  t.match(spec, {
    source: { kind: 'store-path', path: PATH },
    target: { kubeconfig: undefined, namespace: 'shop', serviceAccount: undefined },
    intervalMs: 600_000,
    retryIntervalMs: 60_000,
    timeoutMs: 300_000,
    isPruning: true,
    drift: 'correct',
    isWaiting: false,
    historyLimit: 10,
    rollbackTo: undefined,
  })
})

void t.test('sources', async (t) => {
  const rows: readonly (readonly [Json, object | RegExp])[] = [
    [{ derivation: `${PATH}.drv` }, { kind: 'derivation', derivation: `${PATH}.drv`, output: 'out' }],
    [{ derivation: `${PATH}.drv!lib` }, { kind: 'derivation', derivation: `${PATH}.drv`, output: 'lib' }],
    [{ derivation: `${PATH}.drv^lib` }, { kind: 'derivation', derivation: `${PATH}.drv`, output: 'lib' }],
    [{ app: { name: 'web' } }, { kind: 'app', app: { name: 'web' } }],
    [
      { catalogue: { name: 'nginx', version: '1' } },
      { kind: 'catalogue', name: 'nginx', version: '1', values: {} },
    ],
    [{}, /exactly one of storePath, derivation, app, catalogue, but there is none/],
    [{ storePath: PATH, app: {} }, /but there is storePath and app/],
    [{ storePath: '/tmp/a' }, /"\/tmp\/a" is no store path/],
    [{ storePath: `${PATH}.drv` }, /is a derivation: name it by spec.source.derivation/],
    [{ derivation: PATH }, /is no derivation/],
    [{ app: 'web' }, /expected the fields of app.yaml/],
    [{ catalogue: { name: 'nginx' } }, /a name and a version/],
  ]
  for (const [source, wanted] of rows) {
    const { spec } = read({ source })
    if (wanted instanceof RegExp) t.match(spec, wanted)
    else t.same(typeof spec === 'string' ? spec : spec.source, wanted)
  }
})

void t.test('fields that can’t be used', async (t) => {
  const source = { storePath: PATH }
  const rows: readonly (readonly [Json, RegExp, string?])[] = [
    [{ source, interval: 'soon' }, /spec.interval: "soon" is no duration/],
    [{ source, timeout: '0s' }, /spec.timeout: "0s" is no duration/],
    [{ source, ignore: [{ paths: ['spec'] }] }, /spec.ignore: spec is no JSON pointer/],
    [{ source }, /metadata.name: "a.b" is no name of a set/, 'a.b'],
  ]
  for (const [spec, message, name] of rows) t.match(read(spec, name).spec, message)
})
