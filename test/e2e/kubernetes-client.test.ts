/** The client of Kubernetes' API with a real API server. */
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import t from 'tap'
import { asServiceAccount } from '../../src/kubernetes/client/cluster-access.ts'
import type { DesiredObject, WatchEvent } from '../../src/kubernetes/client/cluster.ts'
import { Informer } from '../../src/kubernetes/client/informer.ts'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { KubernetesError } from '../../src/kubernetes/client/kubernetes-error.ts'
import { whileLeading } from '../../src/kubernetes/client/lease.ts'
import { startApiServer } from '../support/api-server.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { until } from './until.ts'
import { testAuthority } from '../support/certificates.ts'
import { startDaemon } from '../support/daemon.ts'
import { failureKind } from '../support/failure-kind.ts'

const skip = missing('etcd') || (await missingKubernetes('kube-apiserver'))
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' }
const MANY = 600

function configMap(name: string, data: Readonly<Record<string, string>> = { a: 'b' }): DesiredObject {
  return { ...CONFIG_MAP, metadata: { name }, data }
}

function deployment(name: string, label = name): DesiredObject {
  const labels = { app: label }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  }
}

function clientFile(name: string): string {
  return new URL(`../../src/kubernetes/client/${name}`, import.meta.url).href
}

void t.test('a real API server', { skip, timeout: 120_000 }, async (t) => {
  const authority = testAuthority()
  const authorityFile = join(await temporaryDirectory(t, 'authority'), 'ca.pem')
  await writeFile(authorityFile, authority.ca)
  const server = await startApiServer(t, {
    hasRoles: true,
    users: { reader: [], operator: [] },
    args: [`--client-ca-file=${authorityFile}`],
  })
  const access = parseKubeconfig(server.kubeconfig)
  const cluster = kubernetesCluster(access)
  t.teardown(() => cluster.close())
  const named = (name: string, kind = CONFIG_MAP) => ({ ...kind, namespace: undefined, name })

  await t.test('tells an identity and its kinds', async (t) => {
    t.match(await cluster.identity(), /^[0-9a-f-]{36}$/)
    t.match(await cluster.resource({ apiVersion: 'apps/v1', kind: 'Deployment' }), {
      plural: 'deployments',
      isNamespaced: true,
    })
    t.match(await cluster.resource({ apiVersion: 'v1', kind: 'Node' }), { isNamespaced: false })
    t.equal(await cluster.resource({ apiVersion: 'example.org/v1', kind: 'Widget' }), undefined)
  })

  await t.test('applies, and changes nothing by the same object', async (t) => {
    const first = await cluster.apply(deployment('web'))
    const again = await cluster.apply(deployment('web'))
    t.equal(again.metadata.resourceVersion, first.metadata.resourceVersion)
    t.match(first.metadata['managedFields'], [{ manager: 'pushless', operation: 'Apply' }])
    const would = await cluster.apply(deployment('new'), { isDryRun: true })
    t.equal(would.metadata.resourceVersion, '')
    t.equal(await cluster.get(named('new', { apiVersion: 'apps/v1', kind: 'Deployment' })), undefined)
  })

  const REFUSALS: readonly (readonly [what: string, object: DesiredObject, kind: string])[] = [
    ['a changed selector', deployment('web', 'other'), 'immutable'],
    ['an unknown field', { ...configMap('x'), dat: {} }, 'invalid'],
    ['a value of the wrong type', { ...configMap('x'), data: { a: 1 } }, 'invalid'],
    [
      'a namespace that is missing',
      { ...CONFIG_MAP, metadata: { name: 'x', namespace: 'nowhere' } },
      'not-found',
    ],
    [
      'a kind that is missing',
      { apiVersion: 'a.example/v1', kind: 'B', metadata: { name: 'x' } },
      'no-such-kind',
    ],
  ]
  for (const [what, object, kind] of REFUSALS)
    await t.test(`refuses ${what}`, async (t) => {
      t.equal(await failureKind(cluster.apply(object, { isDryRun: true, force: true })), kind)
    })

  await t.test('conflicts with another manager, until it is forced', async (t) => {
    await cluster.apply(configMap('shared'), { fieldManager: 'other' })
    await t.rejects(cluster.apply(configMap('shared', { a: 'c' })), {
      kind: 'conflict',
      message: /conflict with "other".*\.data\.a/,
      causes: [{ field: '.data.a' }],
    })
    t.match(await cluster.apply(configMap('shared', { a: 'c' }), { force: true }), { data: { a: 'c' } })
  })

  await t.test('tells a policy from a missing right', async (t) => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'strict', labels } })
    const spec = { containers: [{ name: 'c', image: 'i' }] }
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'strict' }, spec }
    t.equal(await failureKind(cluster.apply(pod)), 'denied')
  })

  await t.test('creates, replaces, patches and removes', async (t) => {
    const first = await cluster.create(configMap('one'))
    t.equal(await failureKind(cluster.create(configMap('one'))), 'already-exists')
    const second = await cluster.replace({ ...first, data: { a: 'c' } })
    t.equal(await failureKind(cluster.replace(first)), 'conflict')
    const test = { op: 'test', path: '/data/a', value: 'x' }
    t.equal(await failureKind(cluster.patch(named('one'), [test])), 'invalid')
    t.match(await cluster.patch(named('one'), [{ op: 'remove', path: '/data/a' }]), { kind: 'ConfigMap' })
    const { uid } = second.metadata
    t.equal(await cluster.remove(named('one'), { uid: 'x' }), 'another')
    t.equal(await cluster.remove(named('one'), { uid, isDryRun: true }), 'removed')
    t.equal(await cluster.remove(named('one'), { uid }), 'removed')
    t.equal(await cluster.remove(named('one'), { uid }), 'absent')
    t.equal(await cluster.get(named('one')), undefined)
  })

  await t.test('makes one request for each object that is applied again', async (t) => {
    const names = Array.from({ length: 50 }, (_, i) => `again-${i}`)
    const applyAll = async () => Promise.all(names.map(async (name) => cluster.apply(configMap(name))))
    const first = await applyAll()
    const before = (await server.requests()).length
    const again = await applyAll()
    t.same(
      again.map(({ metadata }) => metadata.resourceVersion),
      first.map(({ metadata }) => metadata.resourceVersion),
    )
    const requests = (await server.requests()).slice(before)
    t.same(new Set(requests.map(({ verb, status }) => `${verb} ${status}`)), new Set(['patch 200']))
    t.equal(requests.length, names.length)
  })

  await t.test('a user may do what roles allow, and an account on whose behalf it acts', async (t) => {
    const reader = kubernetesCluster(parseKubeconfig(server.kubeconfigOf('reader')))
    t.teardown(() => reader.close())
    t.equal(await failureKind(reader.list(CONFIG_MAP)), 'forbidden')
    t.equal(
      await failureKind(
        kubernetesCluster({ ...access, credentials: { certificate: undefined, bearer: undefined } }).get(
          named('x'),
        ),
      ),
      'forbidden',
    )
    const wrong = { certificate: undefined, bearer: { kind: 'token', token: 'wrong' } } as const
    t.equal(
      await failureKind(kubernetesCluster({ ...access, credentials: wrong }).get(named('x'))),
      'unauthorized',
    )

    const rbac = 'rbac.authorization.k8s.io'
    const role = (name: string, rule: object, subject: object): readonly DesiredObject[] => [
      { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name }, rules: [{ ...rule }] },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
        subjects: [{ ...subject }],
      },
    ]
    const maySpeakFor = {
      apiGroups: [''],
      resources: ['serviceaccounts'],
      verbs: ['impersonate'],
      resourceNames: ['deployer'],
    }
    const mayRead = { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }
    for (const object of [
      ...role('speaks', maySpeakFor, { apiGroup: rbac, kind: 'User', name: 'operator' }),
      ...role('reads', mayRead, { apiGroup: rbac, kind: 'Group', name: 'system:serviceaccounts:default' }),
    ])
      await cluster.apply(object)
    const operator = parseKubeconfig(server.kubeconfigOf('operator'))
    const deployer = kubernetesCluster(asServiceAccount(operator, 'default', 'deployer'))
    t.teardown(() => deployer.close())
    // Roles are known to the server after a moment.
    await until(async () => deployer.get(named('shared')).catch(() => undefined))
    await t.rejects(deployer.list(CONFIG_MAP), {
      kind: 'forbidden',
      message: /system:serviceaccount:default:deployer/,
    })
    const other = kubernetesCluster(asServiceAccount(operator, 'default', 'other'))
    t.teardown(() => other.close())
    await t.rejects(other.get(named('shared')), { kind: 'forbidden', message: /cannot impersonate/ })
  })

  await t.test('verifies the server, and shows a client certificate', async (t) => {
    const authorities = await readFile(join(server.directory, 'certificates/apiserver.crt'), 'utf8')
    const { certificate: cert, key } = authority.client('jane')
    const credentials = { certificate: { cert, key }, bearer: undefined }
    const verified = { ...access, credentials, isVerified: true }
    const jane = kubernetesCluster({ ...verified, authorities })
    t.teardown(() => jane.close())
    await t.rejects(jane.get(named('shared')), { kind: 'forbidden', message: /User "jane" cannot get/ })
    for (const other of [{ authorities: authority.ca }, { authorities, serverName: 'other.example' }]) {
      const wrong = kubernetesCluster({ ...verified, ...other })
      const began = performance.now()
      t.equal(await failureKind(wrong.get(named('shared'))), 'configuration')
      t.ok(performance.now() - began < 1500, 'it does not try again, which takes a second and a half')
    }
  })

  await t.test('learns a kind that comes, and forgets one that goes', async (t) => {
    const widget = { apiVersion: 'example.org/v1', kind: 'Widget' }
    t.equal(await failureKind(cluster.apply({ ...widget, metadata: { name: 'w' } })), 'no-such-kind')
    const name = 'widgets.example.org'
    const definition = await cluster.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name },
      spec: {
        group: 'example.org',
        names: { plural: 'widgets', kind: 'Widget' },
        scope: 'Namespaced',
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    })
    const live = await until(async () =>
      cluster.apply({ ...widget, metadata: { name: 'w' } }).catch(() => undefined),
    )
    t.equal((await cluster.list(widget)).items.length, 1)
    await cluster.remove({ ...definition, namespace: undefined, name }, definition.metadata)
    await until(async () => {
      const kind = await cluster.get(named('w', widget)).catch((error: unknown) => error)
      return kind instanceof KubernetesError && kind.kind === 'no-such-kind' ? true : undefined
    })
    t.equal(await cluster.remove(named('w', widget), live.metadata), 'absent')
  })

  await t.test('knows a namespace that is being removed', async (t) => {
    const apiVersion = 'v1'
    const name = 'ending'
    const { metadata } = await cluster.apply({ apiVersion, kind: 'Namespace', metadata: { name } })
    const namespace = { apiVersion, kind: 'Namespace', namespace: undefined, name }
    // No controller runs here that would end it.
    t.equal(await cluster.remove(namespace, metadata), 'removed')
    t.equal(await cluster.remove(namespace, metadata), 'removed')
    const object = { ...CONFIG_MAP, metadata: { name: 'x', namespace: name } }
    t.equal(await failureKind(cluster.apply(object)), 'denied')
  })

  await t.test('lists many pages, and watches on from there', async (t) => {
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'many' } })
    const limit = pLimit(20)
    await Promise.all(
      Array.from({ length: MANY }, async (_, i) =>
        limit(async () => cluster.create({ ...CONFIG_MAP, metadata: { name: `o-${i}`, namespace: 'many' } })),
      ),
    )
    const before = await server.requests()
    const page = await cluster.list(CONFIG_MAP, { namespace: 'many' })
    t.equal(page.items.length, MANY)
    const requests = (await server.requests()).slice(before.length)
    t.equal(requests.filter(({ verb }) => verb === 'list').length, 2)

    const end = new AbortController()
    const events: WatchEvent[] = []
    const watch = async (): Promise<void> => {
      const options = { namespace: 'many', resourceVersion: page.resourceVersion, signal: end.signal }
      for await (const event of cluster.watch(CONFIG_MAP, options)) events.push(event)
    }
    const watching = watch()
    const [first] = page.items
    if (first !== undefined)
      await cluster.remove({ ...CONFIG_MAP, namespace: 'many', name: first.metadata.name }, first.metadata)
    await until(() => (events.length > 0 ? true : undefined))
    t.match(events, [{ kind: 'deleted', object: { metadata: { uid: first?.metadata.uid } } }])
    end.abort(new Error('enough'))
    await t.rejects(watching, { message: 'enough' })
  })

  await t.test('a Lease goes to another process when its holder is killed', async (t) => {
    const lease = { namespace: 'default', name: 'leader', durationMs: 2000, renewMs: 1500, retryMs: 200 }
    const holder = await startDaemon(t, {
      command: [
        process.execPath,
        '--input-type=module',
        '--eval',
        `import { once } from 'node:events'
         import { parseKubeconfig } from '${clientFile('kubeconfig.ts')}'
         import { kubernetesCluster } from '${clientFile('kubernetes-cluster.ts')}'
         import { whileLeading } from '${clientFile('lease.ts')}'
         const cluster = kubernetesCluster(parseKubeconfig(${JSON.stringify(server.kubeconfig)}))
         const options = { ...${JSON.stringify(lease)}, identity: 'one' }
         const lead = async (signal) => {
           console.log('leads')
           await once(signal, 'abort')
         }
         await whileLeading(cluster, options, lead, new AbortController().signal)`,
      ],
      ready: (line) => (line === 'leads' ? true : undefined),
    })
    const end = new AbortController()
    const leading = Promise.withResolvers<number>()
    const second = whileLeading(
      cluster,
      { ...lease, identity: 'two' },
      async (led) => {
        leading.resolve(performance.now())
        if (!led.aborted) await once(led, 'abort')
      },
      end.signal,
    )
    // Longer than the Lease lasts, so that it has been renewed.
    await delay(2500)
    const killedAt = performance.now()
    holder.kill('SIGKILL')
    const tookMs = (await leading.promise) - killedAt
    t.ok(tookMs > 1000 && tookMs < 10_000, `${tookMs} ms`)
    end.abort()
    await second
    const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
    t.match(await cluster.get(named('leader', kind)), { spec: { holderIdentity: '', leaseTransitions: 1 } })
  })

  await t.test('an informer outlives a restart of the server', async (t) => {
    const events: string[] = []
    const troubles: unknown[] = []
    const informer = new Informer(cluster, CONFIG_MAP, {
      namespace: 'default',
      onEvent: ({ kind, object }) => events.push(`${kind} ${object.metadata.name}`),
      onTrouble: (error) => troubles.push(error),
    })
    const end = new AbortController()
    const running = informer.run(end.signal)
    await informer.synced
    await server.kill()
    await until(() => (troubles.length > 1 ? true : undefined))
    await server.start()
    await cluster.apply(configMap('after'))
    await until(() => (events.includes('added after') ? true : undefined), 40_000)
    t.ok(troubles.length < 20, `${troubles.length} failures`)
    t.ok(informer.get('after', 'default'))
    const limit = AbortSignal.timeout(10_000)
    const old = cluster.watch(CONFIG_MAP, { resourceVersion: '1', signal: limit })
    t.equal(await failureKind(old.next()), 'expired')
    end.abort()
    await running
  })
})
