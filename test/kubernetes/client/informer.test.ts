import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Json } from '../../../src/core/json.ts'
import { Informer, type InformerOptions } from '../../../src/kubernetes/client/informer.ts'
import { kubernetesCluster } from '../../../src/kubernetes/client/kubernetes-cluster.ts'
import { until } from '../../e2e/until.ts'
import type { Scope } from '../../support/scope.ts'
import {
  answerDiscovery,
  answerJson,
  startScriptedServer,
  statusObject,
  type Script,
} from '../../support/scripted-api-server.ts'

const KIND = { apiVersion: 'v1', kind: 'ConfigMap' }

function object(name: string, resourceVersion: string, uid = `uid-${name}`): { [key: string]: Json } {
  return { ...KIND, metadata: { name, namespace: 'a', uid, resourceVersion } }
}

function answerList(response: ServerResponse, resourceVersion: string, ...items: readonly Json[]): void {
  answerJson(response, 200, {
    kind: 'ConfigMapList',
    apiVersion: 'v1',
    metadata: { resourceVersion },
    items,
  })
}

function answerWatch(response: ServerResponse, ...events: readonly (readonly [string, Json])[]): void {
  response.writeHead(200)
  response.flushHeaders()
  for (const [type, one] of events) response.write(`${JSON.stringify({ type, object: one })}\n`)
}

/** @param list and watch answer the requests of the informer. */
async function start(scope: Scope, list: Script, watch: Script, options: InformerOptions = {}) {
  const counts = { list: 0, watch: 0 }
  const server = await startScriptedServer(scope, async (request, response) => {
    if (answerDiscovery(request, response)) return
    if (request.query.has('watch')) await watch(request, response, (counts.watch += 1))
    else await list(request, response, (counts.list += 1))
  })
  const cluster = kubernetesCluster(server.access, { random: () => 0 })
  const events: string[] = []
  const troubles: unknown[] = []
  const informer = new Informer(cluster, KIND, {
    firstPauseMs: 20,
    onEvent: ({ kind, object: { metadata } }) =>
      events.push(`${kind} ${metadata.name} ${metadata.resourceVersion}`),
    onTrouble: (error) => troubles.push(error),
    ...options,
  })
  const end = new AbortController()
  const running = informer.run(end.signal)
  const stop = async (): Promise<void> => {
    end.abort()
    await running
    cluster.close()
  }
  scope.teardown(stop)
  return { informer, events, troubles, counts, requests: server.requests, stop }
}

function versions(requests: readonly { readonly query: URLSearchParams }[]): readonly (string | null)[] {
  return requests.filter(({ query }) => query.has('watch')).map(({ query }) => query.get('resourceVersion'))
}

void t.test('lists, watches, and goes on from the last version when the watch ends', async (t) => {
  const { informer, events, requests, counts, stop } = await start(
    t,
    (_, response) => answerList(response, '5', object('one', '3'), object('two', '4')),
    (_, response, count) => {
      if (count === 1) {
        answerWatch(
          response,
          ['MODIFIED', object('one', '6')],
          ['DELETED', object('two', '7')],
          ['ADDED', object('three', '8')],
        )
        response.end()
      } else if (count === 2) {
        answerWatch(response, ['BOOKMARK', { metadata: { resourceVersion: '20' } }])
        // Cut in the middle of an event.
        response.write('{"type":')
        setTimeout(() => response.destroy(), 10)
      } else answerWatch(response)
    },
  )
  await informer.synced
  await until(() => (counts.watch === 3 ? true : undefined))
  t.same(events, ['added one 3', 'added two 4', 'modified one 6', 'deleted two 7', 'added three 8'])
  t.same(versions(requests), ['5', '8', '20'])
  t.equal(counts.list, 1)
  t.equal(informer.get('one', 'a')?.metadata.resourceVersion, '6')
  t.equal(informer.get('two', 'a'), undefined)
  t.equal(informer.objects().length, 2)
  await stop()
})

void t.test('lists again where its version is too old, and tells what changed meanwhile', async (t) => {
  const { events, requests, counts } = await start(
    t,
    (_, response, count) => {
      if (count === 1) answerList(response, '5', object('same', '1'), object('gone', '2'), object('new', '3'))
      else answerList(response, '90', object('same', '1'), object('new', '80', 'another'))
    },
    (_, response, count) => {
      if (count === 1) {
        answerWatch(response, ['ERROR', statusObject(410, 'Expired', 'too old resource version')])
        response.end()
      } else answerWatch(response)
    },
  )
  await until(() => (counts.watch === 2 ? true : undefined))
  t.same(events.slice(3).sort(), ['added new 80', 'deleted gone 2', 'deleted new 3'])
  t.same(versions(requests), ['5', '90'])
})

void t.test('lists again once in a while', async (t) => {
  const { events, troubles, counts } = await start(
    t,
    (_, response, count) => answerList(response, String(count), object('one', String(count))),
    (_, response) => answerWatch(response),
    { relistMs: 50 },
  )
  // On a busy machine more lists may follow before this looks.
  await until(() => (counts.list >= 3 && counts.watch >= 2 && events.length >= 3 ? true : undefined))
  t.same(events.slice(0, 3), ['added one 1', 'modified one 2', 'modified one 3'])
  t.same(troubles, [])
})

const FAULTS: readonly (readonly [what: string, script: Script])[] = [
  ['ends each watch at once', (_, response) => void response.writeHead(200).end()],
  ['cuts each watch', (_, response) => void response.destroy()],
  ['answers each watch by 500', (_, response) => void response.writeHead(500).end()],
  ['answers each watch by HTML', (_, response) => void response.writeHead(200).end('<html>\n')],
  ['forgets each version at once', (_, response) => void response.writeHead(410).end()],
]
for (const [what, watch] of FAULTS)
  void t.test(`does not storm a server that ${what}`, async (t) => {
    const { counts, troubles, informer } = await start(
      t,
      (_, response) => answerList(response, '5', object('one', '3')),
      watch,
      { firstPauseMs: 50, random: () => 0 },
    )
    await delay(1000)
    // Pauses of 25, 50, 100, 200 and 400 ms.
    t.ok(counts.watch >= 3 && counts.watch <= 6, `${counts.watch} watches`)
    t.ok(counts.list <= 6, `${counts.list} lists`)
    t.ok(troubles.length >= counts.watch - 1)
    t.equal(informer.objects().length, 1)
  })

void t.test('goes on after an outage', async (t) => {
  let isAway = true
  const { informer, counts, troubles } = await start(
    t,
    (_, response) => {
      if (isAway) response.writeHead(400).end('not yet')
      else answerList(response, '5', object('one', '3'))
    },
    (_, response) => answerWatch(response),
  )
  await until(() => (troubles.length >= 3 ? true : undefined))
  t.equal(informer.objects().length, 0)
  isAway = false
  await informer.synced
  await until(() => (counts.watch === 1 ? true : undefined))
  t.equal(informer.objects().length, 1)
})
