/** Faults around the operator: targets that are down, specs that can't be used, and operators that are killed. */
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { fieldAt, listAt } from '../../src/core/json-fields.ts'
import type { Json } from '../../src/core/json.ts'
import { startDaemon } from '../support/daemon.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { PROFILES, configMap, messageIn, profile, startOperator, until } from '../support/operator-rig.ts'
import { custom, definition } from '../support/delivered-set.ts'
import { kubeconfigSecret, startOperatorWorld, targetIn } from '../support/operator-world.ts'
import { missing } from '../support/requirement.ts'

const skip = missing('etcd') || (await missingKubernetes('kube-apiserver'))
const PROCESS = fileURLToPath(new URL('../support/operator-process.ts', import.meta.url))
const DELAY_MS = 1000

void t.test('the operator among faults', { skip }, async (t) => {
  const world = await startOperatorWorld(t, ['tenant', 'down'])
  const { own, apply, put, dataOf } = world
  const target = targetIn('tenant')
  const first = startOperator(t, world.provider.kubeconfig, world.directory)

  await t.test('specs that can’t be used have a clear condition and an event', async (t) => {
    const gone = '/nix/store/00000000000000000000000000000000-gone'
    await own.apply({
      ...kubeconfigSecret('no-yaml', ''),
      data: { value: Buffer.from('a: [').toString('base64') },
    })
    const broken = await put(
      'broken',
      {},
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', generateName: 'a' } },
    )
    const unknown = await put(
      'unknown',
      {},
      { apiVersion: 'example.org/v1', kind: 'Widget', metadata: { name: 'a' } },
    )
    const rows: readonly (readonly [string, { readonly [field: string]: Json }, string, RegExp])[] = [
      ['no-path', { source: { storePath: gone } }, 'Ready False FetchFailed', /no cache has it/],
      [
        'no-secret',
        { source: { storePath: broken }, target: targetIn('none') },
        'Stalled True InvalidTarget',
        /Secret default\/none is not there/,
      ],
      [
        'no-kubeconfig',
        { source: { storePath: broken }, target: targetIn('no-yaml') },
        'Stalled True InvalidTarget',
        /Secret default\/no-yaml: kubeconfig: is no YAML/,
      ],
      [
        'nameless',
        { source: { storePath: broken }, target },
        'Stalled True InvalidObjects',
        /has generateName/,
      ],
      ['no-kind', { source: { storePath: unknown }, target }, 'Stalled True NoSuchKind', /no kind Widget/],
      [
        'no-namespace',
        { source: { storePath: await put('fine', {}) }, target, targetNamespace: 'none' },
        'Ready False Refused',
        /namespace none is not there/,
      ],
      ['no-nix', { source: { app: { name: 'web', image: 'a' } } }, 'Stalled True NixMissing', /no Nix/],
      [
        'no-catalogue',
        { source: { catalogue: { name: 'nginx', version: '1' } } },
        'Stalled True NoCatalogue',
        /has no catalogue/,
      ],
      [
        'no-generation',
        { source: { storePath: gone }, target, rollbackTo: 7 },
        'Stalled True NoSuchGeneration',
        /no set/,
      ],
      [
        'itself',
        { source: { storePath: gone }, dependsOn: [{ name: 'itself', namespace: 'default' }] },
        'Stalled True DependencyCycle',
        /itself → default\/itself/,
      ],
    ]
    for (const [name, spec] of rows) await own.apply(profile('default', name, spec))
    for (const [name, , wanted, message] of rows) {
      const [type = '', ...rest] = wanted.split(' ')
      const live = await world.until(name, type, rest.join(' '))
      t.match(messageIn(live, type), message, name)
      const reason = rest.at(-1) ?? ''
      await until(`${name} has an event ${reason}`, async () => (await world.reasons(name)).includes(reason))
      await world.remove(name)
      await world.untilGone(name)
    }
  })

  await t.test('the API server refuses what the schema forbids', async (t) => {
    const path = await put('fine', {})
    const rows: readonly (readonly [Json, RegExp])[] = [
      [{ source: {} }, /exactly one of|at least 1/],
      [{ source: { storePath: path, app: {} } }, /exactly one of|at most 1/],
      [{ source: { storePath: `${path}.drv` } }, /a derivation is named by derivation/],
      [{ source: { storePath: '/tmp/a' } }, /should match/],
      [{ source: { storePath: path }, interval: 'soon' }, /should match/],
      [{ source: { storePath: path }, drift: 'fight' }, /Unsupported value/],
      [{ source: { storePath: path }, dependsOn: [{ name: 'bad' }] }, /depend on itself/],
    ]
    for (const [spec, message] of rows)
      await t.rejects(own.apply({ ...PROFILES, metadata: { namespace: 'default', name: 'bad' }, spec }), {
        message,
      })
  })

  await t.test('two profiles that mean the same set are not both delivered', async (t) => {
    const path = await put('same', { a: '1' })
    await apply('same', path, { target })
    await world.until('same', 'Ready', 'True Delivered')
    await own.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } })
    await own.apply({
      ...kubeconfigSecret('tenant', world.server('tenant')?.kubeconfig ?? ''),
      metadata: { namespace: 'team', name: 'tenant' },
    })
    await own.apply(
      profile('team', 'same', { source: { storePath: path }, target, targetNamespace: 'default' }),
    )
    const name = { ...PROFILES, namespace: 'team', name: 'same' }
    await until('it is refused', async () =>
      /belongs to DeliveryProfile default\/same/.test(messageIn(await own.get(name), 'Stalled')),
    )
    const live = await own.get(name)
    await own.remove(name, { uid: live?.metadata.uid ?? '' })
    await until('it is gone', async () => (await own.get(name)) === undefined)
    t.same(await dataOf('tenant', 'same'), { a: '1' })
  })

  await t.test('an object that leaves one profile goes to another one that waits for it', async (t) => {
    const shared = configMap('shared', { a: '1' })
    await apply('first', await put('first', {}, shared), { target })
    await world.until('first', 'Ready', 'True Delivered')
    await apply('second', await put('second', {}, shared), { target, retryInterval: '1s' })
    const waiting = await world.until('second', 'Stalled', 'True OwnedByAnother')
    t.match(messageIn(waiting, 'Stalled'), /ConfigMap default\/shared: belongs to the set default\/first/)
    await apply('first', await put('first', {}), { target })
    await world.until('second', 'Ready', 'True Delivered')
    t.same(await dataOf('tenant', 'shared'), { a: '1' })
  })

  await t.test('a custom resource waits for its definition, and outlives its removal', async (t) => {
    const tenant = world.cluster('tenant')
    const [group, name] = ['late.example.org', 'widgets.late.example.org']
    const widget = { apiVersion: `${group}/v1`, kind: 'Widget', namespace: 'default', name: 'w' }
    const size = async () => fieldAt(await tenant.get(widget).catch(() => undefined), 'spec', 'size')
    const retryInterval = '1s'
    const spec = { size: 1 }
    await apply('resource', await put('resource', {}, custom(group, 'Widget', 'w', { spec })), {
      target,
      retryInterval,
    })
    const waiting = await world.until('resource', 'Stalled', 'True NoSuchKind')
    t.match(messageIn(waiting, 'Stalled'), /Widget w: the cluster has no kind Widget of late.example.org\/v1/)
    await apply('definition', await put('definition', {}, definition(group, 'Widget')), {
      target,
      retryInterval,
    })
    await world.until('resource', 'Ready', 'True Delivered')
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      namespace: undefined,
      name,
    }
    const live = await tenant.get(crd)
    await tenant.remove(crd, { uid: live?.metadata.uid ?? '' })
    await until('the definition is another one', async () => {
      const next = await tenant.get(crd)
      return next !== undefined && next.metadata.uid !== live?.metadata.uid
    })
    await until('the resource is there again', async () => {
      tenant.forgetKinds()
      return (await size()) === 1
    })
    await world.until('resource', 'Ready', 'True Delivered')
    let edited = 1
    await until('it is watched again', async () => {
      edited += 1
      await tenant.apply(
        {
          ...custom(group, 'Widget', 'w', { spec: { size: edited } }),
          metadata: { namespace: 'default', name: 'w' },
        },
        { force: true, fieldManager: 'kubectl-edit' },
      )
      await delay(500)
      return (await size()) === 1
    })
  })

  await t.test('targets that are down delay no other', async (t) => {
    // One refuses connections, and one takes them and says nothing.
    const silent = createServer(() => undefined)
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    t.teardown(() => silent.close())
    const address = silent.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await own.apply(
      kubeconfigSecret('silent', (world.server('tenant')?.kubeconfig ?? '').replace(/:\d+"/, `:${port}"`)),
    )
    await world.server('down')?.stop()
    const path = await put('apart', { a: '1' })
    for (let i = 0; i < 6; i++) {
      await apply(`down-${i}`, path, { target: targetIn('down') })
      await apply(`silent-${i}`, path, { target: targetIn('silent') })
    }
    await delay(500)
    const begun = performance.now()
    await apply('apart', path, { target })
    await until('it is delivered', async () => (await dataOf('tenant', 'apart')) !== undefined)
    const ms = performance.now() - begun
    t.ok(ms <= DELAY_MS, `delivered after ${Math.round(ms)} ms`)
    t.comment(`delivered after ${Math.round(ms)} ms beside twelve profiles of targets that are down`)
    await world.until('down-0', 'Ready', 'False TargetUnreachable')
    const names = Array.from({ length: 6 }, (_, i) => [`down-${i}`, `silent-${i}`]).flat()
    for (const name of names) await world.remove(name)
    // Nothing was ever delivered there, so nothing is waited for.
    for (const name of names) await world.untilGone(name)
    await world.server('down')?.start()
  })

  await t.test('a target that is away when its profile is deleted', async (t) => {
    await apply('waiting', await put('waiting', { a: '1' }), {
      target: targetIn('down'),
      retryInterval: '1s',
    })
    await world.until('waiting', 'Ready', 'True Delivered')
    await world.server('down')?.stop()
    await world.remove('waiting')
    const live = await world.until('waiting', 'Stalled', 'True TargetUnreachable')
    t.match(messageIn(live, 'Stalled'), /spec.deletionPolicy: orphan lets it go/)
    await world.server('down')?.start()
    await world.untilGone('waiting')
    t.equal(await dataOf('down', 'waiting'), undefined)
  })

  await t.test('objects at an earlier target that is away are reported, and pruned later', async (t) => {
    const path = await put('moving', { a: '1' })
    await apply('moving', path, { target: targetIn('down'), retryInterval: '1s' })
    await world.until('moving', 'Ready', 'True Delivered')
    await world.server('down')?.stop()
    await apply('moving', path, { target, retryInterval: '1s' })
    const live = await world.until('moving', 'Ready', 'True Delivered')
    t.equal(listAt(live, 'status', 'leftAt').length, 1)
    await until('it is reported', async () => (await world.reasons('moving')).includes('ObjectsLeft'))
    await world.server('down')?.start()
    await until('nothing is left', async () => (await dataOf('down', 'moving')) === undefined)
    await until(
      'the status says so',
      async () => listAt(await world.profile('moving'), 'status', 'leftAt').length === 0,
    )
    t.same(await dataOf('tenant', 'moving'), { a: '1' })
  })

  await t.test('who removes a namespace of profiles keeps their applications elsewhere', async (t) => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'leaving' } }
    const kubeconfig = kubeconfigSecret('tenant', world.server('tenant')?.kubeconfig ?? '')
    const name = { ...PROFILES, namespace: 'leaving', name: 'kept' }
    await own.apply(namespace)
    await own.apply({ ...kubeconfig, metadata: { namespace: 'leaving', name: 'tenant' } })
    const storePath = await put('kept', { a: '1' })
    await own.apply(profile('leaving', 'kept', { source: { storePath }, target, targetNamespace: 'default' }))
    await until('it is delivered', async () => (await dataOf('tenant', 'kept')) !== undefined)
    await until('it is ready', async () => messageIn(await own.get(name), 'Ready') !== '')
    const [live, around] = await Promise.all([
      own.get(name),
      own.get({ apiVersion: 'v1', kind: 'Namespace', namespace: undefined, name: 'leaving' }),
    ])
    await own.remove(
      { apiVersion: 'v1', kind: 'Namespace', namespace: undefined, name: 'leaving' },
      { uid: around?.metadata.uid ?? '' },
    )
    await own.remove(name, { uid: live?.metadata.uid ?? '' })
    await until('it is gone', async () => (await own.get(name)) === undefined)
    t.same(await dataOf('tenant', 'kept'), { a: '1' })
  })

  await t.test('nothing is asked without need', async (t) => {
    await delay(1500)
    const servers = [world.provider, world.server('tenant')]
    const before = await Promise.all(servers.map(async (server) => (await server?.requests())?.length ?? 0))
    await delay(4000)
    const asked = await Promise.all(
      servers.map(async (server, i) => ((await server?.requests()) ?? []).slice(before[i])),
    )
    const others = asked.flat().filter(({ uri }) => !uri.includes('/leases/'))
    t.same(
      others.map(({ verb, uri }) => `${verb} ${uri}`),
      [],
    )
    t.comment(`${asked.flat().length} requests in 4 s, all of the Lease of 3 s`)
  })

  await t.test(
    'an operator that is killed is replaced, and another that is killed while it delivers',
    async (t) => {
      await first.stop()
      const file = join(world.directory, 'kubeconfig')
      await writeFile(file, world.provider.kubeconfig)
      const start = async () =>
        startDaemon(t, {
          command: [
            process.execPath,
            '--disable-warning=ExperimentalWarning',
            PROCESS,
            file,
            world.directory,
          ],
          ready: (line) => (line.includes('leading') ? true : undefined),
          readyWithinMs: 20_000,
        })
      const one = await start()
      const starting = start()
      await apply('killed', await put('killed', { a: '1' }), { target })
      await world.until('killed', 'Ready', 'True Delivered')
      one.kill('SIGKILL')
      const begun = performance.now()
      await apply('killed', await put('killed', { a: '2' }), { target })
      await until(
        'the other one delivers',
        async () => fieldAt(await dataOf('tenant', 'killed'), 'a') === '2',
      )
      t.comment(`taken over after ${Math.round(performance.now() - begun)} ms with a Lease of 3 s`)
      // The object is there before its generation is recorded, and a profile that changes until then ends the delivery.
      await world.until('killed', 'Ready', 'True Delivered')
      const two = await starting
      const others = Array.from({ length: 100 }, (_, i) => configMap(`killed-${i}`, { a: '1' }))
      await apply('killed', await put('killed', { a: '3' }, ...others), { target })
      await until('some objects are there', async () => (await world.map('tenant', 'killed-5')) !== undefined)
      two.kill('SIGKILL')
      const isWhole = (await world.map('tenant', 'killed-99')) !== undefined
      t.comment(isWhole ? 'killed after all objects were there' : 'killed while objects were missing')
      await start()
      const live = await world.until('killed', 'Ready', 'True Delivered')
      t.equal(fieldAt(live, 'status', 'objects'), 101)
      t.equal(fieldAt(live, 'status', 'generation'), 3)
      for (let i = 0; i < 100; i++) t.ok(await world.map('tenant', `killed-${i}`))
    },
  )
})
