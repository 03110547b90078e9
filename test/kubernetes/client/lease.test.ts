import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { fieldAt, textAt } from '../../../src/core/json-fields.ts'
import { parseJson, type Json } from '../../../src/core/json.ts'
import { kubernetesCluster } from '../../../src/kubernetes/client/kubernetes-cluster.ts'
import { whileLeading, type LeaseOptions } from '../../../src/kubernetes/client/lease.ts'
import { until } from '../../e2e/until.ts'
import type { Scope } from '../../support/scope.ts'
import {
  answerDiscovery,
  answerJson,
  startScriptedServer,
  statusObject,
} from '../../support/scripted-api-server.ts'

/** As short as a Lease can be, whose duration is in whole seconds. */
const TIMES = { durationMs: 1000, renewMs: 600, retryMs: 100, random: () => 0 }
/** For what depends on renewals in time: a second of load ends nothing. */
const LONG = { durationMs: 2000, renewMs: 1500 }
/** For what others may take only long after a release or a failure. */
const LONGER = { durationMs: 10_000, renewMs: 600 }
const LEASE = { namespace: 'a', name: 'leader' }

/** Keeps one Lease as an API server does, with conflicts. */
async function startLeases(scope: Scope) {
  let lease: { readonly [key: string]: Json } | undefined
  let version = 0
  const faults = { isSilent: false }
  const store = (body: Json): void => {
    version += 1
    lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...LEASE, uid: 'u', resourceVersion: String(version) },
      spec: fieldAt(body, 'spec') ?? null,
    }
  }
  const server = await startScriptedServer(scope, (request, response) => {
    if (answerDiscovery(request, response) || faults.isSilent) return
    const body = request.body === '' ? null : parseJson(request.body)
    const isOld = textAt(body, 'metadata', 'resourceVersion') !== String(version)
    if (request.method === 'POST' && lease !== undefined)
      answerJson(response, 409, statusObject(409, 'AlreadyExists', 'already exists'))
    else if (request.method !== 'POST' && lease === undefined)
      answerJson(response, 404, statusObject(404, 'NotFound', 'not found'))
    else if (request.method === 'PUT' && isOld)
      answerJson(response, 409, statusObject(409, 'Conflict', 'the object has been modified'))
    else {
      if (request.method !== 'GET') store(body)
      answerJson(response, 200, lease ?? null)
    }
  })
  return {
    ...server,
    faults,
    spec: (): Json | undefined => fieldAt(lease, 'spec'),
    write: (spec: Json): void => store({ spec }),
    erase: (): void => void (lease = undefined),
  }
}

/** A process that wants to lead, and notes when it begins and ends. */
function candidate(
  scope: Scope,
  access: Parameters<typeof kubernetesCluster>[0],
  identity: string,
  notes: string[],
  options: Partial<LeaseOptions> = {},
) {
  const end = new AbortController()
  const cluster = kubernetesCluster(access, { random: () => 0 })
  const running = whileLeading(
    cluster,
    { ...LEASE, ...TIMES, identity, ...options },
    async (signal) => {
      notes.push(`${identity} leads`)
      if (!signal.aborted) await once(signal, 'abort')
      const { reason } = signal
      notes.push(`${identity} ends: ${reason instanceof Error ? reason.message : String(reason)}`)
    },
    end.signal,
  )
  const stop = async (): Promise<void> => {
    end.abort(new Error('stopped'))
    await running
    cluster.close()
  }
  scope.teardown(stop)
  return { stop }
}

void t.test('one leads, and hands over at its end', async (t) => {
  const server = await startLeases(t)
  const notes: string[] = []
  const first = candidate(t, server.access, 'one', notes, LONG)
  await until(() => (notes.length === 1 ? true : undefined))
  t.match(server.spec(), {
    holderIdentity: 'one',
    leaseDurationSeconds: 2,
    leaseTransitions: 0,
    renewTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/,
  })
  const acquired = textAt(server.spec(), 'acquireTime')
  candidate(t, server.access, 'two', notes, LONG)
  await delay(2300)
  t.same(notes, ['one leads'], 'renewed for longer than its duration')
  t.equal(textAt(server.spec(), 'acquireTime'), acquired)
  await first.stop()
  await until(() => (notes.length === 3 ? true : undefined))
  t.same(notes, ['one leads', 'one ends: stopped', 'two leads'])
  t.match(server.spec(), { holderIdentity: 'two', leaseTransitions: 1 })
})

void t.test('another leads at once after the end, and waits for no Lease to run out', async (t) => {
  const server = await startLeases(t)
  const notes: string[] = []
  const first = candidate(t, server.access, 'one', notes, LONGER)
  await until(() => (notes.length === 1 ? true : undefined))
  candidate(t, server.access, 'two', notes, LONGER)
  const began = performance.now()
  await first.stop()
  await until(() => (notes.length === 3 ? true : undefined))
  t.ok(performance.now() - began < LONGER.durationMs * 0.9, 'released')
})

void t.test('believes no clock but its own', async (t) => {
  const server = await startLeases(t)
  // Renewed in the future by its own clock, and never again.
  server.write({
    holderIdentity: 'dead',
    leaseDurationSeconds: 1,
    renewTime: '2099-01-01T00:00:00.000000Z',
    leaseTransitions: 4,
  })
  const notes: string[] = []
  const began = performance.now()
  candidate(t, server.access, 'one', notes)
  await until(() => (notes.length === 1 ? true : undefined))
  const tookMs = performance.now() - began
  t.ok(tookMs >= 1000, `${tookMs} ms`)
  t.match(server.spec(), { leaseTransitions: 5 })
})

void t.test('ends at once where another has taken it', async (t) => {
  const server = await startLeases(t)
  const notes: string[] = []
  candidate(t, server.access, 'one', notes)
  await until(() => (notes.length === 1 ? true : undefined))
  server.write({ holderIdentity: 'thief', leaseDurationSeconds: 60 })
  await until(() => (notes.length === 2 ? true : undefined))
  t.equal(notes[1], 'one ends: the Lease a/leader was taken by thief')
  await delay(300)
  t.equal(notes.length, 2)
})

void t.test('ends in time where it cannot renew, and leads again later', async (t) => {
  const server = await startLeases(t)
  const notes: string[] = []
  candidate(t, server.access, 'one', notes, LONGER)
  await until(() => (notes.length === 1 ? true : undefined))
  server.faults.isSilent = true
  const began = performance.now()
  await until(() => (notes.length === 2 ? true : undefined))
  t.equal(notes[1], 'one ends: the Lease a/leader could not be renewed')
  t.ok(performance.now() - began < LONGER.durationMs * 0.8, 'before others may take it')
  server.faults.isSilent = false
  await until(() => (notes.length === 3 ? true : undefined))
})

void t.test('goes on where the Lease was touched or removed', async (t) => {
  const server = await startLeases(t)
  const notes: string[] = []
  candidate(t, server.access, 'one', notes)
  await until(() => (notes.length === 1 ? true : undefined))
  server.write(server.spec() ?? null)
  await delay(300)
  server.erase()
  await until(() => (textAt(server.spec(), 'holderIdentity') === 'one' ? true : undefined))
  await delay(300)
  t.same(notes, ['one leads'])
})

void t.test('ends with its function, and throws what it throws', async (t) => {
  const server = await startLeases(t)
  const cluster = kubernetesCluster(server.access)
  t.teardown(() => cluster.close())
  const options = { ...LEASE, ...TIMES, identity: 'one' }
  const { signal } = new AbortController()
  await whileLeading(cluster, options, async () => {}, signal)
  t.equal(textAt(server.spec(), 'holderIdentity'), '', 'released')
  const failure = new Error('broken')
  await t.rejects(
    whileLeading(cluster, options, async () => Promise.reject(failure), signal),
    failure,
  )
  t.equal(textAt(server.spec(), 'holderIdentity'), '', 'released')
})
