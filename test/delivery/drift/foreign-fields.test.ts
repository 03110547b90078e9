/** Fields that people wrote, by the managers of an object. The test in e2e/ asks a real API server. */
import t from 'tap'
import type { Json } from '../../../src/core/json.ts'
import { foreignFields, type ForeignOptions } from '../../../src/delivery/drift/foreign-fields.ts'
import { liveObject } from '../live-object.ts'
import { parseIgnorePattern } from '../../../src/delivery/drift/ignore-pattern.ts'
import {
  DESIRED,
  ENV,
  LAST_APPLIED,
  managedBy,
  managedDeployment,
  OWN,
  RESTART,
  WHOLE,
} from './managed-object.ts'

type Case = {
  readonly what: string
  readonly entry: Json
  readonly annotations?: { readonly [key: string]: Json }
  readonly options?: ForeignOptions
  readonly found: readonly string[]
}

const ENV_PATH = '/spec/template/spec/containers[name=web]/env'
const SENT = { spec: { progressDeadlineSeconds: 600, template: { spec: { containers: [{ name: 'web' }] } } } }
const NOTES = { note: 'x', 'deployment.kubernetes.io/revision': '1' }

const CASES: readonly Case[] = [
  {
    what: 'what kubectl edit added, once at its top',
    entry: managedBy('kubectl-edit', ENV),
    found: [ENV_PATH],
  },
  { what: 'nothing of a controller', entry: managedBy('kube-controller-manager', ENV), found: [] },
  { what: 'nothing of a program that is not named', entry: managedBy('argocd-controller', ENV), found: [] },
  {
    what: 'what a named program wrote',
    entry: managedBy('tuner', ENV),
    options: { managers: ['tuner'] },
    found: [ENV_PATH],
  },
  { what: 'nothing of a subresource', entry: managedBy('kubectl', ENV, { subresource: 'scale' }), found: [] },
  {
    what: 'what kubectl applied on the server',
    entry: managedBy('kubectl', ENV, { operation: 'Apply' }),
    found: [ENV_PATH],
  },
  { what: 'no restart', entry: managedBy('kubectl-rollout', RESTART), found: [] },
  {
    what: 'nothing that is ignored',
    entry: managedBy('kubectl-edit', ENV),
    options: { ignored: [parseIgnorePattern('/spec/template/spec/containers/*/env')] },
    found: [],
  },
  {
    what: 'no defaults of an object that kubectl created, and no annotations of the cluster',
    entry: managedBy('kubectl-create', WHOLE),
    annotations: NOTES,
    found: ['/metadata/annotations/note', '/metadata/labels/app'],
  },
  {
    what: 'what kubectl applied, as its annotation says',
    entry: managedBy('kubectl-client-side-apply', WHOLE),
    annotations: { ...NOTES, [LAST_APPLIED]: JSON.stringify(SENT) },
    found: ['/spec/progressDeadlineSeconds'],
  },
  {
    what: 'no defaults where the annotation is broken',
    entry: managedBy('kubectl-client-side-apply', WHOLE),
    annotations: { [LAST_APPLIED]: '{' },
    found: ['/metadata/labels/app'],
  },
  {
    what: 'what was there before the server knew managers',
    entry: managedBy('before-first-apply', WHOLE),
    annotations: NOTES,
    found: ['/metadata/annotations/note', '/metadata/labels/app'],
  },
  {
    what: 'nothing that is gone',
    entry: managedBy('kubectl-edit', { 'f:spec': { 'f:paused': {} } }),
    found: [],
  },
]

void t.test('foreign is', async (t) => {
  for (const { what, entry, annotations = {}, options = {}, found } of CASES) {
    const fields = foreignFields(managedDeployment([OWN, entry], annotations), DESIRED, options)
    t.same(fields.map(({ readable }) => readable).toSorted(), found, what)
  }
})

void t.test('texts of a Secret are its data', async (t) => {
  const live = liveObject(
    'v1/Secret',
    'db',
    { data: { a: 'MQ==', b: 'Mg==' } },
    {
      managedFields: [managedBy('kubectl-patch', { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } })],
    },
  )
  const desired = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { a: '1' } }
  t.same(
    foreignFields(live, desired).map(({ path }) => path),
    ['/data/b'],
  )
})

void t.test('a field of two managers is told once, by the one who wrote last', async (t) => {
  const entries = [
    managedBy('kubectl-patch', ENV, { time: '2026-11-26T12:00:00Z' }),
    managedBy('kubectl-edit', ENV, { time: '2026-11-26T11:00:00Z' }),
  ]
  t.match(foreignFields(managedDeployment(entries), DESIRED), [
    {
      path: '/spec/template/spec/containers/0/env',
      live: [{ name: 'A', value: '1' }],
      manager: 'kubectl-patch',
      time: '2026-11-26T12:00:00Z',
    },
  ])
})
