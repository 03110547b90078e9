/** Which clusters of a set get a change, and which wait. */
import t from 'tap'
import type { LiveObject } from '../../src/kubernetes/client/cluster.ts'
import { readSet } from '../../src/operator/definitions/delivery-set.ts'
import { planRollout } from '../../src/operator/reconcile/plan-rollout.ts'
import { digestOf, membersOf, type Member } from '../../src/operator/reconcile/set-members.ts'

const SET = readSet({
  apiVersion: 'pushless.internal/v1alpha1',
  kind: 'DeliverySet',
  metadata: { namespace: 'fleet', name: 'base', uid: '7', resourceVersion: '1', generation: 1 },
  spec: {
    profiles: [
      { name: 'web', source: { storePath: '/nix/store/a' }, dependsOn: [{ name: 'db' }] },
      { name: 'db' },
    ],
    clusters: { secrets: [{ name: 'a' }, { name: 'b', key: 'config' }, { name: 'c.example.org' }] },
  },
})
const MEMBERS = membersOf(SET, SET.secrets)

/** States of both profiles of clusters a, b and c: old, new, ready or failed; `.` is absent. */
function plan(
  states: string,
  rules: { atOnce?: number; stopsAtFailure?: boolean; isSuspended?: boolean } = {},
) {
  const find = (member: Member): LiveObject | undefined =>
    liveOf(member, states[MEMBERS.indexOf(member)] ?? '.')
  const rollout = planRollout(MEMBERS, find, {
    atOnce: 1,
    stopsAtFailure: true,
    isSuspended: false,
    ...rules,
  })
  return {
    next: rollout.next.map(({ cluster }) => cluster).join(' '),
    states: rollout.progress.map(({ state }) => state[0]).join(''),
    halted: rollout.haltedBy?.cluster,
    counts: [rollout.updated, rollout.ready, rollout.failed],
  }
}

function liveOf({ desired, digest }: Member, state: string): LiveObject | undefined {
  if (state === '.') return undefined
  const ready = {
    type: 'Ready',
    status: state === 'r' ? 'True' : 'False',
    observedGeneration: state === 'n' ? 1 : 2,
  }
  return {
    ...desired,
    metadata: {
      ...desired.metadata,
      uid: '1',
      resourceVersion: '1',
      generation: 2,
      annotations: { 'pushless.internal/spec': state === 'o' ? 'old' : digest },
    },
    status: {
      conditions: [{ ...ready, reason: state === 'd' ? 'DependencyNotReady' : 'x', message: 'bad' }],
    },
  }
}

void t.test('a change goes from cluster to cluster', async (t) => {
  t.same(plan('......'), { next: 'a a', states: 'pww', halted: undefined, counts: [0, 0, 0] })
  t.same(plan('nn....'), { next: '', states: 'pww', halted: undefined, counts: [2, 0, 0] })
  t.same(plan('rd....'), { next: '', states: 'pww', halted: undefined, counts: [2, 1, 0] })
  t.same(plan('rr....'), { next: 'b b', states: 'rpw', halted: undefined, counts: [2, 2, 0] })
  t.same(plan('rrooro'), { next: 'b b', states: 'rpw', halted: undefined, counts: [3, 3, 0] })
  t.same(plan('rrrrrr'), { next: '', states: 'rrr', halted: undefined, counts: [6, 6, 0] })
  t.same(plan('......', { atOnce: 2 }).next, 'a a b b')
  t.same(plan('nn....', { atOnce: 2 }).next, 'b b')
  t.same(plan('......', { isSuspended: true }), {
    next: '',
    states: 'www',
    halted: undefined,
    counts: [0, 0, 0],
  })
})

void t.test('a failure halts it where that is wanted', async (t) => {
  t.same(plan('fr....'), { next: '', states: 'fww', halted: 'a', counts: [2, 1, 1] })
  t.same(plan('fr....', { stopsAtFailure: false }), {
    next: 'b b',
    states: 'fpw',
    halted: undefined,
    counts: [2, 1, 1],
  })
  t.same(plan('oo....').next, 'a a', 'the next change goes to the cluster that failed before')
})

void t.test('the profiles of a set', async (t) => {
  t.same(
    MEMBERS.map(({ desired }) => desired.metadata.name.replace(/[0-9a-f]{8}$/, '#')),
    [
      'base-web-a',
      'base-db-a',
      'base-web-b',
      'base-db-b',
      'base-web-c-example-org-#',
      'base-db-c-example-org-#',
    ],
  )
  const [first, , second] = MEMBERS
  t.match(first?.desired, {
    metadata: { namespace: 'fleet', ownerReferences: [{ kind: 'DeliverySet', uid: '7' }] },
    spec: {
      target: { kubeConfig: { secretRef: { name: 'a', key: 'value' } } },
      dependsOn: [{ name: 'base-db-a' }],
    },
  })
  t.match(second?.desired['spec'], { target: { kubeConfig: { secretRef: { name: 'b', key: 'config' } } } })
  t.equal(digestOf(first?.desired ?? null), first?.digest)
  t.ok(MEMBERS.every(({ desired }) => desired.metadata.name.length <= 63))
})
