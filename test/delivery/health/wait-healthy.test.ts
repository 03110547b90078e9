/** Waiting, against a cluster in memory that counts its requests. */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { LiveObject, ObjectName } from '../../../src/kubernetes/client/cluster.ts'
import { KubernetesError } from '../../../src/kubernetes/client/kubernetes-error.ts'
import { waitHealthy, type WaitOptions } from '../../../src/delivery/health/wait-healthy.ts'
import { until } from '../../e2e/until.ts'
import { fakeCluster, type FakeCluster } from '../fake-cluster.ts'
import { condition, liveObject } from '../live-object.ts'

const READY = { status: { phase: 'Running', conditions: [condition('Ready', 'True')] } }
const PENDING = { status: { phase: 'Pending' } }
/** Waits that should end do so within milliseconds. */
const LIMIT = { timeoutMs: 5_000, pollMs: 5 }

function nameOf({ apiVersion, kind, metadata }: LiveObject): ObjectName {
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name }
}

/** Waits while another part of the test changes objects. */
async function waitWhile(
  cluster: FakeCluster,
  objects: readonly LiveObject[],
  change: () => void | Promise<void>,
  options: WaitOptions = {},
) {
  const heard: string[] = []
  const waited = waitHealthy(cluster, objects.map(nameOf), {
    ...LIMIT,
    onChange: (name, health) => heard.push(`${name.name} ${health.kind}: ${health.reason}`),
    ...options,
  })
  await delay(20)
  await change()
  return { result: await waited, heard }
}

/** Ends once a watch was asked for. */
async function watched(cluster: FakeCluster): Promise<void> {
  await until(() => (cluster.requests.includes('watch Pod') ? true : undefined))
}

void t.test('objects that are healthy need one list for each kind', async (t) => {
  const objects = [
    ...['a', 'b'].map((name) => liveObject('v1/Pod', name, READY)),
    liveObject('v1/ConfigMap', 'c'),
  ]
  const cluster = fakeCluster(objects)
  t.same((await waitWhile(cluster, objects, () => undefined)).result, { kind: 'healthy' })
  t.same(cluster.requests.toSorted(), ['list ConfigMap', 'list Pod'])
})

void t.test('objects that apply returned healthy need no request', async (t) => {
  const objects = [liveObject('v1/Pod', 'a', READY)]
  const cluster = fakeCluster(objects)
  t.same((await waitWhile(cluster, objects, () => undefined, { known: objects })).result, { kind: 'healthy' })
  t.same(cluster.requests, [])
})

void t.test('a change is seen by a watch, and told', async (t) => {
  const pod = liveObject('v1/Pod', 'a', PENDING)
  const cluster = fakeCluster([pod, liveObject('v1/Pod', 'of-others', PENDING)])
  const { result, heard } = await waitWhile(cluster, [pod], async () => {
    await watched(cluster)
    cluster.put({ ...pod, ...READY })
  })
  t.same(result, { kind: 'healthy' })
  t.same(heard, ['a progressing: pending', 'a current: ready'])
  t.same(cluster.requests, ['list Pod', 'watch Pod'])
})

void t.test('a watch that ends is resumed', async (t) => {
  const pod = liveObject('v1/Pod', 'a', PENDING)
  const cluster = fakeCluster([pod])
  const { result } = await waitWhile(cluster, [pod], async () => {
    cluster.endWatches()
    await delay(30)
    cluster.put({ ...pod, ...READY })
  })
  t.same(result, { kind: 'healthy' })
  t.ok(cluster.requests.filter((request) => request === 'watch Pod').length >= 2, String(cluster.requests))
})

for (const [what, error, request] of [
  ['a watch that is forbidden is replaced by lists', new KubernetesError('forbidden', 'no'), 'watch Pod'],
  ['a watch that is too old is begun anew', new KubernetesError('expired', 'too old'), 'watch Pod'],
  ['a server that is away is asked again', new KubernetesError('unreachable', 'away'), 'list Pod'],
] as const)
  void t.test(what, async (t) => {
    const pod = liveObject('v1/Pod', 'a', PENDING)
    const cluster = fakeCluster([pod])
    cluster.fail(request, error)
    const { result } = await waitWhile(cluster, [pod], async () => {
      await watched(cluster)
      cluster.put({ ...pod, ...READY })
    })
    t.same(result, { kind: 'healthy' })
  })

void t.test('many kinds are listed, and not watched', async (t) => {
  const objects = ['a', 'b', 'c'].map((name) =>
    liveObject(`example.org/v1/${name.toUpperCase()}`, name, {
      status: { conditions: [condition('Ready', 'False')] },
    }),
  )
  const cluster = fakeCluster(objects)
  const done = () => {
    for (const one of objects) cluster.put({ ...one, status: { conditions: [condition('Ready', 'True')] } })
  }
  const { result } = await waitWhile(cluster, objects, done, { watchesAtMost: 2 })
  t.same(result, { kind: 'healthy' })
  t.notOk(cluster.requests.some((request) => request.startsWith('watch')))
})

void t.test('one that failed ends the wait, with all that are not healthy', async (t) => {
  const [job, pod] = [liveObject('batch/v1/Job', 'once', { status: {} }), liveObject('v1/Pod', 'a', PENDING)]
  const cluster = fakeCluster([job, pod])
  const lost = { ...job, status: { conditions: [condition('Failed', 'True', 'BackoffLimitExceeded')] } }
  const { result } = await waitWhile(cluster, [job, pod], () => cluster.put(lost))
  t.match(result, {
    kind: 'unhealthy',
    cause: 'failed',
    objects: [
      { name: { name: 'once' }, health: { kind: 'failed', reason: /BackoffLimitExceeded/ } },
      { name: { name: 'a' }, health: { kind: 'progressing' } },
    ],
  })
})

void t.test('one that failed does not end the wait for others where that is asked', async (t) => {
  const lost = liveObject('batch/v1/Job', 'once', { status: { conditions: [condition('Failed', 'True')] } })
  const pod = liveObject('v1/Pod', 'a', PENDING)
  const cluster = fakeCluster([lost, pod])
  const ready = () => cluster.put({ ...pod, ...READY })
  const { result, heard } = await waitWhile(cluster, [lost, pod], ready, { stopsAtFailure: false })
  t.match(result, { kind: 'unhealthy', cause: 'failed', objects: [{ name: { name: 'once' } }] })
  t.ok(heard.includes('a current: ready'))
})

void t.test('one that is deleted, or was never there, is told so', async (t) => {
  const pod = liveObject('v1/Pod', 'a', PENDING)
  const cluster = fakeCluster([pod])
  const { result } = await waitWhile(cluster, [pod], () => cluster.drop(pod))
  t.match(result, { cause: 'failed', objects: [{ health: { kind: 'deleted', reason: 'was deleted' } }] })
  const none = await waitHealthy(fakeCluster([]), [nameOf(pod)], LIMIT)
  t.match(none, { objects: [{ health: { kind: 'deleted', reason: /no such/ } }] })
})

void t.test('the time is limited, also where the server is away', async (t) => {
  const pod = liveObject('v1/Pod', 'a', PENDING)
  const late = await waitHealthy(fakeCluster([pod]), [nameOf(pod)], { timeoutMs: 30 })
  t.match(late, { kind: 'unhealthy', cause: 'timeout', objects: [{ health: { reason: 'pending' } }] })
  const away = fakeCluster([pod])
  away.fail('list Pod', new KubernetesError('unreachable', 'fake: connection refused'), 1_000)
  const lost = await waitHealthy(away, [nameOf(pod)], { timeoutMs: 30, pollMs: 5 })
  t.match(lost, { cause: 'timeout', objects: [{ health: { kind: 'unknown', reason: /refused/ } }] })
})

void t.test('a signal ends it with its reason, and what may not be read is an error', async (t) => {
  const pod = liveObject('v1/Pod', 'a', PENDING)
  const stop = new AbortController()
  const waited = waitHealthy(fakeCluster([pod]), [nameOf(pod)], { signal: stop.signal })
  await delay(5)
  stop.abort(new Error('stopped by a person'))
  await t.rejects(waited, { message: 'stopped by a person' })
  const closed = fakeCluster([pod])
  closed.fail('list Pod', new KubernetesError('forbidden', 'pods is forbidden'))
  await t.rejects(
    waitHealthy(closed, [nameOf(pod)], LIMIT),
    new KubernetesError('forbidden', 'pods is forbidden'),
  )
})

const classOf = (mode: string) =>
  liveObject(
    'storage.k8s.io/v1/StorageClass',
    'fast',
    { volumeBindingMode: mode },
    { namespace: undefined as never },
  )

void t.test('a claim that nobody mounts is no failure', async (t) => {
  const claim = liveObject('v1/PersistentVolumeClaim', 'data', {
    spec: { storageClassName: 'fast' },
    status: { phase: 'Pending' },
  })
  const late = fakeCluster([claim, classOf('WaitForFirstConsumer')])
  t.match(await waitHealthy(late, [nameOf(claim)], LIMIT), { kind: 'healthy' })
  const soon = fakeCluster([claim, classOf('Immediate')])
  t.match(await waitHealthy(soon, [nameOf(claim)], { timeoutMs: 30 }), { cause: 'timeout' })
  const unknown = fakeCluster([claim])
  unknown.fail('get StorageClass', new KubernetesError('forbidden', 'no'))
  t.match(await waitHealthy(unknown, [nameOf(claim)], { timeoutMs: 30 }), { cause: 'timeout' })
})

void t.test('an object that names no namespace is in the default one', async (t) => {
  const pod = liveObject('v1/Pod', 'a', READY, { namespace: 'default' })
  const result = await waitHealthy(fakeCluster([pod]), [{ ...nameOf(pod), namespace: undefined }], LIMIT)
  t.same(result, { kind: 'healthy' })
})
