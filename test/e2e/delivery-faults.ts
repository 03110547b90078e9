/** Two deliveries at once, proxies that break requests, credentials that expire, and a server that restarts. */
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Plane } from './delivery-steps.ts'
import { textAt } from '../../src/core/json-fields.ts'
import { loadGeneration } from '../../src/delivery/find-drift.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { configMap, deliveredSet, failureOf, makeNamespace, revisionOf } from '../support/delivered-set.ts'
import { startFaultyProxy, type Fault } from '../support/faulty-proxy.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { until } from './until.ts'

const status = (code: number, reason: string): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason })

function list(count: number, make: (name: string) => DesiredObject): readonly DesiredObject[] {
  return Array.from({ length: count }, (_, i) => make(`o${i}`))
}

const versionOf = (v: string): readonly DesiredObject[] => list(10, (name) => configMap(name, { v }))

export async function deliveryFaults(t: Test, { cluster, server }: Plane): Promise<void> {
  const namespaced = async (name: string) => deliveredSet(cluster, await makeNamespace(cluster, name))
  const access = parseKubeconfig(server.kubeconfig)

  await t.test('two deliveries of a set at once: one of them is whole, and the other knows', async (t) => {
    const set = await namespaced('race')
    for (let round = 0; round < 5; round++) {
      const [left, right] = [`left ${round}`, `right ${round}`]
      const results = await Promise.allSettled([
        set.deliver(versionOf(left)),
        delay(round * 15).then(async () => set.deliver(versionOf(right))),
      ])
      const failures = results.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
      t.ok(failures.length < 2)
      for (const failure of failures) t.match(failure, { kind: 'superseded' })
      const values = await Promise.all(
        versionOf('').map(async (object) => textAt((await set.live(object)) ?? null, 'data', 'v') ?? ''),
      )
      const record = await set.record()
      const newest = record?.history.at(-1)
      t.equal(new Set(values).size, 1, values.join(', '))
      t.equal(newest?.revision, revisionOf(versionOf(values[0] ?? '')))
      const kept = await loadGeneration(cluster, set.name)
      t.equal(
        textAt(kept.objects[0]?.object ?? null, 'data', 'v'),
        values[0],
        'the snapshot is that of the winner',
      )
    }
    const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace: 'race' })
    t.equal(items.length, (await set.record())?.history.length, 'one snapshot for each generation')
  })

  const page = '<html><body>Please log in</body></html>'
  const html = { 'content-type': 'text/html' }
  const FAULTS: readonly (readonly [string, Exclude<Fault, undefined>, string | undefined])[] = [
    [
      '429 with a pause',
      { status: 429, body: status(429, 'TooManyRequests'), headers: { 'retry-after': '1' } },
      undefined,
    ],
    ['500', { status: 500, body: status(500, 'InternalError') }, undefined],
    ['502 and a page', { status: 502, body: page, headers: html }, undefined],
    ['a connection that breaks', 'cut', undefined],
    ['a page instead of an answer', { status: 200, body: page, headers: html }, 'malformed'],
    ['a page that nothing is there', { status: 404, body: page, headers: html }, 'malformed'],
  ]
  for (const [what, fault, kind] of FAULTS)
    await t.test(`between it and the server: ${what}`, async (t) => {
      const set = await namespaced(`fault-${FAULTS.findIndex(([one]) => one === what)}`)
      await set.deliver([configMap('leaving'), ...list(4, (name) => configMap(name))])
      let asked = 0
      // One request of three fails, as long as it can be repeated: not the writes of the record.
      const proxy = await startFaultyProxy(t, access, ({ method }) =>
        ['GET', 'PATCH', 'DELETE'].includes(method ?? '') && ++asked % 3 === 0 ? fault : undefined,
      )
      const behind = kubernetesCluster(proxy)
      t.teardown(() => behind.close())
      const objects = list(5, (name) => configMap(name, { v: '2' }))
      if (kind === undefined)
        t.match(await set.deliver(objects, { cluster: behind }), { outcome: 'delivered' })
      else {
        t.match(await failureOf(set.deliver(objects, { cluster: behind })), {
          kind,
          message: /Please log in/,
        })
        t.ok(await set.live(configMap('leaving')))
        await set.deliver(objects)
      }
      t.equal(await set.live(configMap('leaving')), undefined)
      t.equal((await set.inventory()).length, 5)
    })

  await t.test('a token that expires in the middle', async (t) => {
    const set = await namespaced('expires')
    const directory = await temporaryDirectory(t, 'plugin')
    const command = join(directory, 'login')
    // Each run gives the token of another user.
    const tokens = ['system:controllers', 'admin'].map((user) => server.token(user))
    await writeFile(
      command,
      `#!/bin/sh\necho >> "${directory}/runs"\nset -- ${tokens.join(' ')}\n[ "$(wc -l < "${directory}/runs")" = 1 ] || shift\nprintf '{"status":{"token":"%s"}}' "$1"\n`,
    )
    await chmod(command, 0o755)
    const plugin = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command,
      args: [],
      environment: {},
      installHint: undefined,
      cluster: undefined,
    }
    let asked = 0
    const expired = { status: 401, body: status(401, 'Unauthorized') }
    const proxy = await startFaultyProxy(t, access, ({ headers }) =>
      headers.authorization === `Bearer ${tokens[0]}` && ++asked > 20 ? expired : undefined,
    )
    const behind = kubernetesCluster({
      ...proxy,
      credentials: { certificate: undefined, bearer: { kind: 'exec', plugin } },
    })
    t.teardown(() => behind.close())
    t.match(await set.deliver(versionOf('1'), { cluster: behind }), { outcome: 'delivered' })
    t.ok(asked > 20)
    t.equal((await readFile(join(directory, 'runs'), 'utf8')).length, 2, 'the requests at once share a run')
  })

  await t.test('a server that restarts in the middle', async (t) => {
    const set = await namespaced('restart')
    await set.deliver([configMap('leaving'), ...list(40, (name) => configMap(name))])
    const objects = list(40, (name) => configMap(name, { v: '2' }))
    let restarting: Promise<void> | undefined
    const first = await set
      .deliver(objects, {
        onEvent: ({ kind }) => {
          if (kind === 'object') restarting ??= server.kill().then(async () => server.start())
        },
      })
      .catch((error: unknown) => error)
    await restarting
    if (first instanceof Error) t.match(first, { kind: /unreachable|superseded/ })
    const last = await until(async () => set.deliver(objects).catch(() => undefined))
    t.equal(last.outcome, 'delivered')
    t.equal((await set.inventory()).length, 40)
    t.equal(await set.live(configMap('leaving')), undefined)
    const values = await Promise.all(
      objects.map(async (one) => textAt((await set.live(one)) ?? null, 'data', 'v')),
    )
    t.same(new Set(values), new Set(['2']))
  })
}
