/** Why an object isn't healthy, in the words that people find by hand. */
import t from 'tap'
import type { Json } from '../../../src/core/json.ts'
import type { LiveObject } from '../../../src/kubernetes/client/cluster.ts'
import { KubernetesError } from '../../../src/kubernetes/client/kubernetes-error.ts'
import { explainHealth } from '../../../src/delivery/health/explain-health.ts'
import { fakeCluster } from '../fake-cluster.ts'
import { condition, liveObject, ownedBy } from '../live-object.ts'

const IMAGE = 'nix.internal/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-web:nix'
const labels = { app: 'web' }
const web = liveObject('apps/v1/Deployment', 'web', {
  spec: { replicas: 2, selector: { matchLabels: labels } },
  status: {
    conditions: [
      condition(
        'Available',
        'False',
        'MinimumReplicasUnavailable',
        'Deployment does not have minimum availability.',
      ),
    ],
  },
})
const setOf = (revision: string, conditions: readonly Json[] = []) =>
  liveObject(
    'apps/v1/ReplicaSet',
    `web-${revision}`,
    { status: { conditions } },
    {
      labels,
      ownerReferences: ownedBy(web),
      annotations: { 'deployment.kubernetes.io/revision': revision },
    },
  )
const podOf = (owner: LiveObject, name: string, status: { readonly [key: string]: Json }) =>
  liveObject(
    'v1/Pod',
    name,
    { spec: { containers: [{ name: 'web', image: IMAGE }] }, status },
    {
      labels,
      ownerReferences: ownedBy(owner),
    },
  )
const waiting = (reason: string, message: string, more: { readonly [key: string]: Json } = {}) => ({
  phase: 'Pending',
  containerStatuses: [
    { name: 'web', image: IMAGE, ready: false, state: { waiting: { reason, message } }, ...more },
  ],
})
const eventOf = (object: LiveObject, reason: string, message: string, time: string, type = 'Warning') =>
  liveObject('v1/Event', `${object.metadata.name}.${reason}.${time}`, {
    type,
    reason,
    message,
    count: 3,
    lastTimestamp: time,
    involvedObject: { kind: object.kind, name: object.metadata.name, uid: object.metadata.uid },
  })

const old = setOf('9')
const newest = setOf('10')

void t.test('Pods of the newest ReplicaSet, once for the same trouble, and the build behind', async (t) => {
  const pulls = ['a', 'b'].map((name) =>
    podOf(newest, name, waiting('ImagePullBackOff', 'Back-off pulling image')),
  )
  const cluster = fakeCluster([
    web,
    old,
    newest,
    ...pulls,
    podOf(old, 'old', waiting('CrashLoopBackOff', '')),
  ])
  const asked: string[] = []
  const buildOf = async (image: string) => {
    asked.push(image)
    return 'build of web failed: exit code 1\n  cc: no such file'
  }
  const lines = await explainHealth(cluster, web, { buildOf })
  t.same(lines, [
    'Available is False: MinimumReplicasUnavailable: Deployment does not have minimum availability.',
    'Pod a and 1 more: container web: ImagePullBackOff: Back-off pulling image',
    '  build of web failed: exit code 1',
    '    cc: no such file',
  ])
  t.same(asked, [IMAGE])
  t.same(cluster.requests, ['list ReplicaSet', 'list Pod', 'list Event', 'list Event'])
})

void t.test('a quota, told by the ReplicaSet alone', async (t) => {
  const refused = setOf('11', [
    condition(
      'ReplicaFailure',
      'True',
      'FailedCreate',
      'pods "web-11-x" is forbidden: exceeded quota: small',
    ),
  ])
  const lines = await explainHealth(fakeCluster([web, old, refused]), web)
  t.match(lines[1], /ReplicaSet web-11: FailedCreate: .*exceeded quota: small/)
})

const STATUSES: readonly (readonly [
  what: string,
  status: { readonly [key: string]: Json },
  expected: RegExp,
])[] = [
  [
    'a crash',
    waiting('CrashLoopBackOff', 'back-off 5m0s', {
      restartCount: 4,
      lastState: { terminated: { exitCode: 2, reason: 'Error', message: 'cannot open /config\n' } },
    }),
    /^Pod a: container web: CrashLoopBackOff: exit code 2 \(Error\): cannot open \/config ?, restarted 4 times$/,
  ],
  [
    'a missing key',
    waiting('CreateContainerConfigError', 'secret "db" not found'),
    /CreateContainerConfigError: secret "db" not found/,
  ],
  [
    'no node',
    {
      phase: 'Pending',
      conditions: [condition('PodScheduled', 'False', 'Unschedulable', '0/3 nodes are available')],
    },
    /^Pod a: Unschedulable: 0\/3 nodes are available$/,
  ],
  [
    'an eviction',
    { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' },
    /^Pod a: Evicted: The node/,
  ],
  [
    'a probe',
    { phase: 'Running', containerStatuses: [{ name: 'web', ready: false, state: { running: {} } }] },
    /^Pod a: container web: runs, and is not ready$/,
  ],
  [
    'an init container',
    {
      phase: 'Pending',
      initContainerStatuses: [{ name: 'init', state: { terminated: { exitCode: 3, reason: 'Error' } } }],
    },
    /^Pod a: container init: exit code 3 \(Error\)$/,
  ],
]

void t.test('what a Pod says', async (t) => {
  for (const [what, status, expected] of STATUSES) {
    const lines = await explainHealth(fakeCluster([web, newest, podOf(newest, 'a', status)]), web)
    t.match(lines.at(-1), expected, what)
  }
})

void t.test('the newest warnings, once each, and not what was said already', async (t) => {
  const pod = podOf(newest, 'a', waiting('ContainerCreating', ''))
  const cluster = fakeCluster([
    web,
    newest,
    pod,
    eventOf(pod, 'FailedMount', 'secret "old" not found', '2026-11-26T10:00:00Z'),
    eventOf(pod, 'FailedMount', 'secret "db" not found', '2026-11-26T10:05:00Z'),
    eventOf(pod, 'Scheduled', 'assigned', '2026-11-26T10:06:00Z', 'Normal'),
    eventOf(web, 'Odd', 'Deployment does not have minimum availability.', '2026-11-26T10:06:00Z'),
  ])
  const lines = await explainHealth(cluster, web)
  t.same(lines.slice(1), ['Pod a: FailedMount (3 times): secret "db" not found'])
})

void t.test('other objects have conditions and events', async (t) => {
  const claim = liveObject('v1/PersistentVolumeClaim', 'data', { status: { phase: 'Pending' } })
  const event = eventOf(claim, 'ProvisioningFailed', 'storageclass "fast" not found', '2026-11-26T10:00:00Z')
  t.same(await explainHealth(fakeCluster([claim, event]), claim), [
    'PersistentVolumeClaim data: ProvisioningFailed (3 times): storageclass "fast" not found',
  ])
})

void t.test('a Namespace that goes says what it waits for', async (t) => {
  const remaining =
    'Some content in the namespace has finalizers remaining: example.org/hold in 1 resource instances'
  const namespace = liveObject(
    'v1/Namespace',
    'old',
    {
      status: {
        phase: 'Terminating',
        conditions: [
          condition('NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered'),
          condition('NamespaceFinalizersRemaining', 'True', 'SomeFinalizersRemain', remaining),
        ],
      },
    },
    { deletionTimestamp: '2026-11-26T10:00:00Z' },
  )
  t.same(await explainHealth(fakeCluster([namespace]), namespace), [
    `NamespaceFinalizersRemaining is True: SomeFinalizersRemain: ${remaining}`,
  ])
})

void t.test('the answer is short, and what may not be read is left out', async (t) => {
  const long = Array.from({ length: 40 }, (_, i) => ({
    name: `c${i}`,
    state: { waiting: { reason: 'E', message: 'x'.repeat(2_000) } },
  }))
  const lines = await explainHealth(
    fakeCluster([web, newest, podOf(newest, 'a', { phase: 'Pending', containerStatuses: long })]),
    web,
  )
  t.equal(lines.length, 24)
  t.ok(lines.every((line) => line.length <= 500))
  const closed = fakeCluster([web, newest])
  for (const kind of ['ReplicaSet', 'Pod', 'Event'])
    closed.fail(`list ${kind}`, new KubernetesError('forbidden', 'no'), 9)
  t.equal((await explainHealth(closed, web)).length, 1)
})
