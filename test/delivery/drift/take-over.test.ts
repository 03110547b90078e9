/** The patch that takes fields over. The test in e2e/ sends it to a real API server. */
import t from 'tap'
import { listAt, fieldAt, textAt } from '../../../src/core/json-fields.ts'
import type { Json } from '../../../src/core/json.ts'
import { parseIgnorePattern } from '../../../src/delivery/drift/ignore-pattern.ts'
import { takeOver } from '../../../src/delivery/drift/take-over.ts'
import { ENV, LAST_APPLIED, managedBy, managedDeployment, OWN, RESTART, WHOLE } from './managed-object.ts'

const STATUS = managedBy('kube-controller-manager', { 'f:status': {} }, { subresource: 'status' })

/** The managers after the patch, each with its fields. */
function managersAfter(operations: readonly Json[] | undefined): Json {
  const [, replaced] = operations ?? []
  return Object.fromEntries(
    listAt(replaced, 'value').map((entry) => [
      `${textAt(entry, 'manager')} ${textAt(entry, 'operation')}`,
      fieldAt(entry, 'fieldsV1') ?? null,
    ]),
  )
}

void t.test('fields of kubectl go to pushless, those of others stay', async (t) => {
  const live = managedDeployment([managedBy('kubectl-edit', ENV), OWN, STATUS], { [LAST_APPLIED]: '{}' })
  const taken = takeOver(live)
  t.match(taken, { managers: ['kubectl-edit'], released: [] })
  t.same(taken?.operations[0], {
    op: 'test',
    path: '/metadata/resourceVersion',
    value: live.metadata.resourceVersion,
  })
  t.same(taken?.operations[2], {
    op: 'remove',
    path: '/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration',
  })
  const web = 'k:{"name":"web"}'
  t.same(managersAfter(taken?.operations), {
    'kube-controller-manager Update': { 'f:status': {} },
    'pushless Apply': {
      'f:spec': {
        'f:replicas': {},
        'f:template': {
          'f:spec': {
            'f:containers': {
              [web]: {
                '.': {},
                'f:name': {},
                'f:image': {},
                'f:env': ENV['f:spec']['f:template']['f:spec']['f:containers'][web]['f:env'],
              },
            },
          },
        },
      },
    },
  })
})

void t.test('fields of an object that pushless created are taken, too', async (t) => {
  const taken = takeOver(managedDeployment([managedBy('pushless', ENV), OWN]))
  t.match(taken, { managers: ['pushless'] })
  t.same(Object.keys(Object(managersAfter(taken?.operations))), ['pushless Apply'])
})

void t.test('nothing is done where there is nothing to do', async (t) => {
  t.equal(takeOver(managedDeployment([OWN, STATUS])), undefined)
  t.equal(takeOver(managedDeployment([OWN, managedBy('kubectl', ENV, { subresource: 'scale' })])), undefined)
})

void t.test('a restart, the status and what the cluster wrote stay', async (t) => {
  t.equal(takeOver(managedDeployment([managedBy('kubectl-rollout', RESTART)])), undefined)
  const taken = takeOver(managedDeployment([managedBy('before-first-apply', WHOLE)]))
  t.same(taken?.managers, ['before-first-apply'])
  const after = managersAfter(taken?.operations)
  t.same(fieldAt(after, 'before-first-apply Update'), {
    'f:metadata': { 'f:annotations': { 'f:deployment.kubernetes.io/revision': {} } },
    'f:status': { 'f:replicas': {} },
  })
  t.same(fieldAt(after, 'pushless Apply', 'f:spec'), WHOLE['f:spec'])
})

void t.test('ignored fields are not taken, and given up', async (t) => {
  const ignored = ['/spec/replicas', '/spec/template/spec/containers[name=web]/env'].map(parseIgnorePattern)
  const taken = takeOver(managedDeployment([managedBy('kubectl-edit', ENV), OWN]), { ignored })
  t.match(taken, { managers: [], released: ['/spec/replicas'] })
  t.same(fieldAt(managersAfter(taken?.operations), 'kubectl-edit Update'), ENV)
  t.equal(fieldAt(managersAfter(taken?.operations), 'pushless Apply', 'f:spec', 'f:replicas'), undefined)
  const other = takeOver(managedDeployment([managedBy('kubectl-edit', ENV)]), { ignored })
  t.equal(other, undefined)
})

void t.test('the last entry that goes leaves an empty one', async (t) => {
  const own = managedBy('pushless', { 'f:spec': { 'f:replicas': {} } }, { operation: 'Apply' })
  const taken = takeOver(managedDeployment([own]), { ignored: [parseIgnorePattern('/spec')] })
  t.match(taken?.operations[1], { op: 'replace', path: '/metadata/managedFields', value: [{}] })
})
