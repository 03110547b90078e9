import t from 'tap'
import type { Json } from '../../../src/core/json.ts'
import type { WatchEvent } from '../../../src/kubernetes/client/cluster.ts'
import { kubernetesCluster, type ClusterOptions } from '../../../src/kubernetes/client/kubernetes-cluster.ts'
import type { Scope } from '../../support/scope.ts'
import {
  answerDiscovery,
  answerJson,
  startScriptedServer,
  statusObject,
  type Script,
} from '../../support/scripted-api-server.ts'
import { failureKind } from '../../support/failure-kind.ts'

const KIND = { apiVersion: 'v1', kind: 'ConfigMap' }
const NAME = { ...KIND, namespace: 'a', name: 'b' }
const PATH = '/api/v1/namespaces/a/configmaps/b'

function object(name: string, resourceVersion: string, uid = `uid-${name}`): { [key: string]: Json } {
  return { ...KIND, metadata: { name, namespace: 'a', uid, resourceVersion } }
}

async function start(scope: Scope, script: Script, options: ClusterOptions = {}) {
  const server = await startScriptedServer(scope, async (request, response, count) => {
    if (!answerDiscovery(request, response)) await script(request, response, count)
  })
  const cluster = kubernetesCluster(server.access, { random: () => 0, ...options })
  scope.teardown(() => cluster.close())
  return { ...server, cluster }
}

void t.test('lists page by page', async (t) => {
  const { cluster, requests } = await start(t, ({ query }, response) => {
    const page = Number(query.get('continue') ?? 0)
    const next = page < 2 ? { continue: String(page + 1) } : {}
    const { apiVersion: _, kind: __, ...item } = object(`o-${page}`, '5')
    answerJson(response, 200, {
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '9', ...next },
      items: [item],
    })
  })
  const { items, resourceVersion } = await cluster.list(KIND, { namespace: 'a', labelSelector: 'x=y' })
  t.equal(resourceVersion, '9')
  t.same(
    items.map(({ kind, metadata }) => [kind, metadata.name]),
    [0, 1, 2].map((page) => ['ConfigMap', `o-${page}`]),
  )
  t.same(
    requests.slice(2).map(({ path }) => path),
    ['', '&continue=1', '&continue=2'].map(
      (rest) => `/api/v1/namespaces/a/configmaps?labelSelector=x%3Dy&limit=500${rest}`,
    ),
  )
})

void t.test('begins a list again, in one page, where its version expires', async (t) => {
  const { cluster, requests } = await start(t, ({ query }, response) => {
    const list = { kind: 'ConfigMapList', apiVersion: 'v1' }
    if (query.has('continue')) answerJson(response, 410, statusObject(410, 'Expired', 'too old'))
    else if (query.has('limit'))
      answerJson(response, 200, {
        ...list,
        metadata: { resourceVersion: '1', continue: 'x' },
        items: [object('gone', '1')],
      })
    else
      answerJson(response, 200, { ...list, metadata: { resourceVersion: '2' }, items: [object('new', '2')] })
  })
  const { items, resourceVersion } = await cluster.list(KIND)
  t.same([items.map(({ metadata }) => metadata.name), resourceVersion], [['new'], '2'])
  t.equal(requests.length, 5)
})

for (const body of ['{}', '{"items":[{}],"metadata":{"resourceVersion":"1"}}', 'null', '<html></html>'])
  void t.test(`refuses ${body} as a list`, async (t) => {
    const { cluster } = await start(t, (_, response) => void response.writeHead(200).end(body))
    t.equal(await failureKind(cluster.list(KIND)), 'malformed')
  })

void t.test('reads the events of a watch', async (t) => {
  const lines = [
    { type: 'ADDED', object: object('ü', '2') },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '3' } } },
    { type: 'ERROR', object: statusObject(410, 'Expired', 'too old resource version') },
  ]
  const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const { cluster, requests } = await start(t, async (_, response) => {
    response.writeHead(200)
    // Characters and lines are cut anywhere.
    for (let i = 0; i < bytes.length; i += 7) {
      response.write(bytes.subarray(i, i + 7))
      await new Promise(setImmediate)
    }
  })
  const events: WatchEvent[] = []
  const watch = async (): Promise<void> => {
    for await (const event of cluster.watch(KIND, { resourceVersion: '1' })) events.push(event)
  }
  t.equal(await failureKind(watch()), 'expired')
  t.match(events, [
    { kind: 'added', object: { metadata: { name: 'ü' } } },
    { kind: 'bookmark', resourceVersion: '3' },
  ])
  t.equal(
    requests.at(-1)?.path,
    '/api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=1&timeoutSeconds=240',
  )
})

type WatchFault = readonly [what: string, script: Script, kind: string | undefined]
const FAULTS: readonly WatchFault[] = [
  ['ends in order', (_, response) => void response.writeHead(200).end(), undefined],
  [
    'is cut',
    (_, response) => {
      response.writeHead(200).write('{"type":"ADD')
      setTimeout(() => response.destroy(), 10)
    },
    'unreachable',
  ],
  ['is silent', (_, response) => response.writeHead(200).flushHeaders(), 'timeout'],
  ['is no JSON', (_, response) => void response.writeHead(200).end('<html>\n'), 'malformed'],
  ['has unknown events', (_, response) => void response.writeHead(200).end('{"type":"X"}\n'), 'malformed'],
  ['fails', (_, response) => void response.writeHead(500).end('no'), 'server'],
]
for (const [what, script, kind] of FAULTS)
  void t.test(`a watch that ${what}`, async (t) => {
    const { cluster, requests } = await start(t, script, { watchSilentMs: 100 })
    const watch = async (): Promise<void> => {
      for await (const _ of cluster.watch(KIND, { resourceVersion: '1' }));
    }
    if (kind === undefined) await watch()
    else t.equal(await failureKind(watch()), kind)
    t.equal(requests.length, 3, 'the caller decides when to watch again')
  })

void t.test('a watch ends by its signal, and by its reader', async (t) => {
  const { cluster } = await start(t, (_, response) => {
    response.writeHead(200).write(`${JSON.stringify({ type: 'ADDED', object: object('b', '2') })}\n`)
  })
  const end = new AbortController()
  const reason = new Error('enough')
  const watch = async (): Promise<void> => {
    for await (const _ of cluster.watch(KIND, { resourceVersion: '1', signal: end.signal })) end.abort(reason)
  }
  await t.rejects(watch(), reason)
  for await (const _ of cluster.watch(KIND, { resourceVersion: '1' })) break
})

void t.test('asks with the right path, query and body', async (t) => {
  const { cluster, requests } = await start(t, (_, response) => answerJson(response, 200, object('b', '1')))
  const desired = { ...KIND, metadata: { name: 'b', namespace: 'a' }, data: { x: 'y' } }
  await cluster.apply(desired)
  await cluster.apply(desired, { isDryRun: true, force: true, fieldManager: 'm', subresource: 'status' })
  await cluster.create(desired)
  const live = await cluster.get(NAME)
  if (live !== undefined) await cluster.replace(live)
  await cluster.patch(NAME, [{ op: 'remove', path: '/data' }])
  await cluster.remove(NAME, { uid: 'uid-b', propagation: 'Orphan', isDryRun: true })
  await cluster.get({ ...KIND, namespace: undefined, name: 'c' })
  t.same(
    requests.slice(2).map(({ method, path }) => `${method} ${path}`),
    [
      `PATCH ${PATH}?fieldManager=pushless&fieldValidation=Strict&force=false`,
      `PATCH ${PATH}/status?fieldManager=m&fieldValidation=Strict&force=true&dryRun=All`,
      'POST /api/v1/namespaces/a/configmaps?fieldManager=pushless&fieldValidation=Strict',
      `GET ${PATH}`,
      `PUT ${PATH}?fieldManager=pushless&fieldValidation=Strict`,
      `PATCH ${PATH}?fieldManager=pushless&fieldValidation=Strict`,
      `DELETE ${PATH}`,
      'GET /api/v1/namespaces/default/configmaps/c',
    ],
  )
  t.match(JSON.parse(requests[8]?.body ?? ''), {
    preconditions: { uid: 'uid-b' },
    propagationPolicy: 'Orphan',
    dryRun: ['All'],
  })
})

const REMOVALS: readonly (readonly [what: string, result: string, there: Json | undefined])[] = [
  ['another object', 'another', object('b', '3', 'other')],
  ['nothing any more', 'absent', undefined],
  [
    'the object, which is being removed',
    'removed',
    { ...KIND, metadata: { name: 'b', uid: 'uid-b', resourceVersion: '1', deletionTimestamp: 'now' } },
  ],
]
for (const [what, result, there] of REMOVALS)
  void t.test(`a removal that conflicts finds ${what}`, async (t) => {
    const { cluster } = await start(t, ({ method }, response) => {
      if (method === 'DELETE') answerJson(response, 409, statusObject(409, 'Conflict', 'no'))
      else if (there === undefined) answerJson(response, 404, statusObject(404, 'NotFound', 'no'))
      else answerJson(response, 200, there)
    })
    t.equal(await cluster.remove(NAME, { uid: 'uid-b' }), result)
  })

void t.test('knows what is absent from what has no kind', async (t) => {
  const { cluster, count } = await start(t, ({ path }, response) => {
    if (path.endsWith('/gone')) response.writeHead(404).end('404 page not found')
    else answerJson(response, 404, statusObject(404, 'NotFound', 'configmaps "b" not found'))
  })
  t.equal(await cluster.get(NAME), undefined)
  t.equal(await cluster.remove(NAME, { uid: 'x' }), 'absent')
  t.equal(await cluster.remove({ ...NAME, kind: 'Widget' }, { uid: 'x' }), 'absent')
  await t.rejects(cluster.get({ ...NAME, kind: 'Widget' }), {
    kind: 'no-such-kind',
    message: 'the server has no kind Widget of v1',
  })
  const asked = count('GET', '/api')
  t.equal(await failureKind(cluster.get({ ...NAME, name: 'gone' })), 'no-such-kind')
  await cluster.resource(KIND)
  t.equal(count('GET', '/api'), asked + 1, 'kinds are asked for again')
})
