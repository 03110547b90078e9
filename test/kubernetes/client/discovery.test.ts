import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { readDiscovery } from '../../../src/kubernetes/client/discovery.ts'
import { kubernetesCluster } from '../../../src/kubernetes/client/kubernetes-cluster.ts'
import {
  answerDiscovery,
  answerJson,
  groups,
  startScriptedServer,
} from '../../support/scripted-api-server.ts'
import { failureKind } from '../../support/failure-kind.ts'

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' }
const WIDGET = { apiVersion: 'example.org/v1', kind: 'Widget' }

void t.test('reads groups, versions and kinds', async (t) => {
  const { kinds, stale } = readDiscovery([
    groups('', 'v1', 'configmaps', 'ConfigMap'),
    {
      kind: 'APIGroupDiscoveryList',
      items: [
        { metadata: { name: 'metrics.k8s.io' }, versions: [{ version: 'v1beta1', freshness: 'Stale' }] },
      ],
    },
  ])
  t.same(
    [...kinds],
    [
      [
        'v1 ConfigMap',
        {
          ...CONFIG_MAP,
          plural: 'configmaps',
          isNamespaced: true,
          verbs: new Set(['get', 'list', 'watch']),
        },
      ],
    ],
  )
  t.same([...stale], ['metrics.k8s.io/v1beta1'])
})

void t.test('refuses what an older server answers', async (t) =>
  t.throws(() => readDiscovery([{ kind: 'APIGroupList', groups: [] }]), {
    kind: 'malformed',
    message: /expected Kubernetes 1.30 or newer/,
  }),
)

void t.test('asks once for all callers, and once again for a kind that is missing', async (t) => {
  const server = await startScriptedServer(t, (request, response, count) => {
    if (request.path === '/apis' && count > 1)
      answerJson(response, 200, groups('example.org', 'v1', 'widgets', 'Widget'))
    else answerDiscovery(request, response)
  })
  const cluster = kubernetesCluster(server.access)
  t.teardown(() => cluster.close())
  const ask = async (kind: typeof WIDGET) =>
    Promise.all(Array.from({ length: 20 }, async () => cluster.resource(kind)))

  t.same(new Set((await ask(CONFIG_MAP)).map((one) => one?.plural)), new Set(['configmaps']))
  t.equal(server.count('GET', '/apis'), 1)
  t.same(new Set(await ask(WIDGET)), new Set([undefined]), 'it has been asked just now')
  t.equal(server.count('GET', '/apis'), 1)
  await delay(550)
  t.same(new Set((await ask(WIDGET)).map((one) => one?.plural)), new Set(['widgets']))
  t.equal(server.count('GET', '/apis'), 2)
  cluster.forgetKinds()
  await ask(WIDGET)
  t.equal(server.count('GET', '/apis'), 3)
})

void t.test('does not say that a kind is missing whose server is down', async (t) => {
  const stale = {
    kind: 'APIGroupDiscoveryList',
    items: [{ metadata: { name: 'example.org' }, versions: [{ version: 'v1', freshness: 'Stale' }] }],
  }
  const server = await startScriptedServer(t, (request, response) =>
    request.path === '/apis' ? answerJson(response, 200, stale) : void answerDiscovery(request, response),
  )
  const cluster = kubernetesCluster(server.access)
  t.teardown(() => cluster.close())
  await t.rejects(cluster.resource(WIDGET), {
    kind: 'server',
    message: /example.org\/v1: the server of this/,
  })
  t.ok(await cluster.resource(CONFIG_MAP), 'others are known')
})

const BROKEN: readonly (readonly [what: string, status: number, body: string, kind: string])[] = [
  ['HTML', 200, '<html>Please log in</html>', 'malformed'],
  ['404', 404, '404 page not found', 'no-such-kind'],
  ['403', 403, '{"kind":"Status","message":"no"}', 'forbidden'],
]
for (const [what, status, body, kind] of BROKEN)
  void t.test(`fails by an answer of ${what}, and asks again the next time`, async (t) => {
    const server = await startScriptedServer(t, (request, response, count) => {
      if (request.path === '/apis' && count === 1) response.writeHead(status).end(body)
      else answerDiscovery(request, response)
    })
    const cluster = kubernetesCluster(server.access)
    t.teardown(() => cluster.close())
    t.equal(await failureKind(cluster.resource(CONFIG_MAP)), kind)
    t.ok(await cluster.resource(CONFIG_MAP))
  })

void t.test('is waited for no longer than the signal of a request lets', async (t) => {
  const server = await startScriptedServer(t, () => {})
  const cluster = kubernetesCluster(server.access)
  const reason = new Error('no longer needed')
  const end = new AbortController()
  setTimeout(() => end.abort(reason), 50)
  const name = { ...CONFIG_MAP, namespace: undefined, name: 'x' }
  await t.rejects(cluster.get(name, end.signal), reason)
  cluster.close()
})

void t.test('outlasts a server that fails at first', async (t) => {
  const server = await startScriptedServer(t, (request, response, count) => {
    if (count <= 2) response.writeHead(500).end('not yet')
    else answerDiscovery(request, response)
  })
  const cluster = kubernetesCluster(server.access, { random: () => 0 })
  t.teardown(() => cluster.close())
  t.ok(await cluster.resource(CONFIG_MAP))
})
