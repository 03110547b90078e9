/**
 * Drift that people make with kubectl, on a real API server: what a dry run shows, what only managed fields show, and
 * what is left after it was corrected.
 */
import t from 'tap'
import { fieldAt, listAt, textAt } from '../../src/core/json-fields.ts'
import type { Json } from '../../src/core/json.ts'
import type { KubernetesObject } from '../../src/kubernetes/check/check-objects.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { differences } from '../../src/delivery/drift/differences.ts'
import { EndlessDifferences, probableWriter } from '../../src/delivery/drift/endless-difference.ts'
import { scaledObjects } from '../../src/delivery/drift/scaled-objects.ts'
import { takeOver } from '../../src/delivery/drift/take-over.ts'
import { judgeHealth } from '../../src/delivery/health/judge-health.ts'
import { startWebhook, type Admission } from '../support/admission-webhook.ts'
import { startApiServer } from '../support/api-server.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { missing } from '../support/requirement.ts'
import { rightObjects } from '../support/server-verdicts.ts'
import { correct, deployment, driftOf, kubectlOf, liveOf, nameOf } from './drift-rig.ts'
import { until } from './until.ts'

const skip = missing('etcd', 'kubectl') || (await missingKubernetes('kube-apiserver'))

/** Objects with a name that no other of their kind has. Webhooks without a server would refuse the others. */
function distinct(objects: readonly KubernetesObject[]): readonly DesiredObject[] {
  const named = objects.flatMap((object) =>
    object.kind !== 'Namespace' &&
    !object.kind.endsWith('WebhookConfiguration') &&
    typeof object.metadata.name === 'string'
      ? [object]
      : [],
  )
  return [...new Map(named.map((object) => [JSON.stringify(nameOf(object)), object])).values()]
}

/** Writes the label `injected`, and `mirror/` before the name of the image, where a label asks for it. */
function rewriting(object: Json): Admission {
  if (textAt(object, 'metadata', 'labels', 'rewrite') !== 'yes') return undefined
  const [container] = listAt(object, 'spec', 'template', 'spec', 'containers')
  const image = textAt(container, 'image')?.replace('mirror/', '')
  return {
    patch: [
      { op: 'add', path: '/metadata/labels/injected', value: 'x' },
      { op: 'replace', path: '/spec/template/spec/containers/0/image', value: `mirror/${image}` },
    ],
  }
}

void t.test('drift on an API server', { skip }, async (t) => {
  const { kubectl, cluster } = await kubectlOf(t, (await startApiServer(t)).kubeconfig)
  t.teardown(() => cluster.close())
  const webhook = await startWebhook(t, rewriting)
  const NONE = { differences: [], foreign: [] }

  await t.test('defaults and quantities in another form are none', async (t) => {
    const desired = deployment('plain', {}, {}, { ports: [{ containerPort: 80 }] })
    const made = await cluster.apply(desired, { force: true })
    t.equal(judgeHealth(made).kind, 'progressing')
    t.same(await driftOf(cluster, desired), NONE)
    t.equal(takeOver(made), undefined)
    await cluster.apply(desired, { force: true })
    t.equal((await liveOf(cluster, desired)).metadata.resourceVersion, made.metadata.resourceVersion)
  })

  await t.test('kubectl edit, patch, set, label and annotate are seen and corrected', async (t) => {
    const desired = deployment('edited', { replicas: 2 })
    await cluster.apply(desired, { force: true })
    const before = await liveOf(cluster, desired)
    const patch = {
      spec: {
        minReadySeconds: 7,
        template: { spec: { nodeSelector: { disk: 'ssd' }, containers: [{ name: 'side', image: 'b:1' }] } },
      },
    }
    await kubectl(['edit', 'deployment', 'edited'], { editor: 'sed -i s/a:1/a:2/' })
    await kubectl(['patch', 'deployment', 'edited', '-p', JSON.stringify(patch)])
    await kubectl(['label', 'deployment', 'edited', 'app=other', 'tier=x', '--overwrite'])
    await kubectl(['annotate', 'deployment', 'edited', 'example.org/note=x'])
    await kubectl(['set', 'env', 'deployment', 'edited', '-c', 'web', 'MODE=x'])
    await kubectl(['rollout', 'restart', 'deployment', 'edited'])
    const drift = await driftOf(cluster, desired)
    t.same(drift.differences, [
      'changed /metadata/labels/app',
      'changed /spec/template/spec/containers[name=web]/image',
    ])
    t.same(drift.foreign.toSorted(), [
      '/metadata/annotations/example.org~1note kubectl-annotate',
      '/metadata/labels/tier kubectl-label',
      '/spec/minReadySeconds kubectl-patch',
      '/spec/template/spec/containers[name=side] kubectl-patch',
      '/spec/template/spec/containers[name=web]/env kubectl-set',
      '/spec/template/spec/nodeSelector kubectl-patch',
    ])
    const { managers } = await correct(cluster, desired)
    t.same(managers?.toSorted(), [
      'kubectl-annotate',
      'kubectl-edit',
      'kubectl-label',
      'kubectl-patch',
      'kubectl-set',
    ])
    t.same(await driftOf(cluster, desired), NONE)
    const after = await liveOf(cluster, desired)
    const restarted = ['spec', 'template', 'metadata', 'annotations', 'kubectl.kubernetes.io/restartedAt']
    t.ok(fieldAt(after, ...restarted), 'a restart is no drift')
    t.same(fieldAt(after, 'spec', 'template', 'spec'), fieldAt(before, 'spec', 'template', 'spec'))
    t.same(await correct(cluster, desired), { managers: undefined, released: undefined }, 'once')
    t.equal((await liveOf(cluster, desired)).metadata.resourceVersion, after.metadata.resourceVersion)
  })

  await t.test('left-overs of kubectl apply go, and its annotation', async (t) => {
    const older = deployment(
      'applied',
      { replicas: 3 },
      { annotations: { 'example.org/old': 'x' } },
      {
        env: [{ name: 'OLD', value: 'x' }],
        ports: [{ containerPort: 80 }, { containerPort: 81 }],
      },
    )
    const desired = deployment('applied', { replicas: 3 }, {}, { ports: [{ containerPort: 80 }] })
    await kubectl(['apply', '-f', '-'], { input: JSON.stringify(older) })
    await cluster.apply(desired, { force: true })
    const drift = await driftOf(cluster, desired)
    t.same(drift.differences, [])
    t.same(drift.foreign.toSorted(), [
      '/metadata/annotations/example.org~1old kubectl-client-side-apply',
      '/spec/template/spec/containers[name=web]/env kubectl-client-side-apply',
      '/spec/template/spec/containers[name=web]/ports[containerPort=81,protocol=TCP] kubectl-client-side-apply',
    ])
    t.same((await correct(cluster, desired)).managers, ['kubectl-client-side-apply'])
    t.same(await driftOf(cluster, desired), NONE)
    t.equal(fieldAt((await liveOf(cluster, desired)).metadata, 'annotations'), undefined)
  })

  await t.test('a patch of an object that has changed since is refused, and made anew', async (t) => {
    const desired: DesiredObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'raced', namespace: 'default' },
      data: { a: '1' },
    }
    await cluster.apply(desired, { force: true })
    await kubectl(['patch', 'configmap', 'raced', '-p', '{"data":{"b":"2"}}'])
    const stale = await liveOf(cluster, desired)
    const taken = takeOver(stale)
    t.same((await driftOf(cluster, desired)).foreign, ['/data/b kubectl-patch'])
    await kubectl(['annotate', 'configmap', 'raced', 'example.org/note=x'])
    const refusal: unknown = await cluster
      .patch(nameOf(desired), taken?.operations ?? [])
      .catch((error: unknown) => error)
    t.match(refusal, { kind: 'invalid' })
    await correct(cluster, desired, undefined, stale)
    t.same(fieldAt(await liveOf(cluster, desired), 'data'), { a: '1' })
  })

  await t.test('data from before the server knew managers go', async (t) => {
    const desired: DesiredObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'old', namespace: 'default' },
      data: { a: '1' },
    }
    await cluster.create({ ...desired, data: { a: '1', b: '2' } })
    await cluster.patch(nameOf(desired), [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }])
    await cluster.apply(desired, { force: true })
    t.same((await driftOf(cluster, desired)).foreign, ['/data/b before-first-apply'])
    t.same((await correct(cluster, desired)).managers, ['before-first-apply'])
    t.same(fieldAt(await liveOf(cluster, desired), 'data'), { a: '1' })
  })

  await t.test('an image that an annotation leaves to others is theirs', async (t) => {
    const annotations = { 'pushless.internal/ignore': '/spec/template/spec/containers[name=web]/image' }
    const desired = deployment('ignored', {}, { annotations })
    await cluster.apply(desired, { force: true })
    t.match(await correct(cluster, desired), { released: ['/spec/template/spec/containers[name=web]/image'] })
    await kubectl(['set', 'image', 'deployment', 'ignored', 'web=a:9'])
    t.same(await driftOf(cluster, desired), NONE)
    await correct(cluster, desired)
    t.match(fieldAt(await liveOf(cluster, desired), 'spec', 'template', 'spec', 'containers'), [
      { image: 'a:9' },
    ])
  })

  await t.test('replicas are left to an autoscaler, also those that pushless set before', async (t) => {
    const desired = deployment('scaled', { replicas: 2 })
    await cluster.apply(desired, { force: true })
    const scaler: DesiredObject = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'scaled', namespace: 'default' },
      spec: { maxReplicas: 9, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' } },
    }
    const scaled = scaledObjects([scaler], 'default')
    t.same(await correct(cluster, desired, scaled), { managers: [], released: ['/spec/replicas'] })
    t.equal(fieldAt(await liveOf(cluster, desired), 'spec', 'replicas'), 2, 'it keeps its Pods')
    await kubectl(['scale', 'deployment', 'scaled', '--replicas=5'])
    t.same(await driftOf(cluster, desired, scaled), NONE)
    await correct(cluster, desired, scaled)
    t.equal(fieldAt(await liveOf(cluster, desired), 'spec', 'replicas'), 5)
    t.same(
      (await driftOf(cluster, desired)).differences,
      ['changed /spec/replicas'],
      'without the autoscaler',
    )
  })

  await t.test('a webhook that rewrites makes no difference, since a dry run asks it', async (t) => {
    await cluster.apply(
      webhook.configuration('Mutating', 'default', { groups: ['apps'], resources: ['deployments'] }),
    )
    const desired = deployment('rewritten', {}, { labels: { app: 'rewritten', rewrite: 'yes' } })
    // The server learns of a webhook a moment later.
    await until(async () => {
      const made = await cluster.apply(desired, { force: true, isDryRun: true })
      return fieldAt(made.metadata, 'labels', 'injected') === undefined ? undefined : true
    })
    await cluster.apply(desired, { force: true })
    t.same(await driftOf(cluster, desired), NONE)
    const live = await liveOf(cluster, desired)
    const [image] = differences(live, { ...live, spec: deployment('rewritten')['spec'] ?? null }).filter(
      ({ readable }) => readable === '/spec/template/spec/containers[name=web]/image',
    )
    t.match(image, { live: 'mirror/a:1', desired: 'a:1' })
    t.equal(probableWriter(live, image?.steps ?? []), 'a mutating webhook, or the server itself')
  })

  await t.test(
    'a manager that writes its own value again and again is named, and no longer fought',
    async (t) => {
      const desired = deployment('fought', { replicas: 2 })
      await cluster.apply(desired, { force: true })
      const known = new EndlessDifferences()
      const rounds: string[] = []
      for (let round = 1; round <= 4; round++) {
        await cluster.apply({ ...desired, spec: { replicas: 7 } }, { force: true, fieldManager: 'tuner' })
        const live = await liveOf(cluster, desired)
        const found = differences(live, await cluster.apply(desired, { isDryRun: true, force: true }))
        const { fought, endless } = known.judge(live.metadata.uid, live, found)
        rounds.push(
          `${fought.length} fought, ${endless.map(({ path, writer }) => `${path} by ${writer}`).join()}`,
        )
        if (fought.length > 0) await cluster.apply(desired, { force: true })
      }
      const fought = '1 fought, '
      t.same(rounds, [fought, fought, fought, '0 fought, /spec/replicas by tuner'])
    },
  )

  await t.test('no kind has drift that nobody made, also after kubectl applied it', async (t) => {
    await kubectl(['create', 'namespace', 'shop'])
    const objects = distinct(await rightObjects())
    // Half of them are kubectl's first, with all their defaults under its name.
    const items = objects.filter((_, i) => i % 2 === 0)
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    await kubectl(['apply', '-f', '-'], { input: list })
    for (const desired of objects) {
      const what = `${desired.kind}/${desired.metadata.name}`
      await cluster.apply(desired, { force: true })
      t.same(await driftOf(cluster, desired), NONE, what)
      const before = await liveOf(cluster, desired)
      await correct(cluster, desired)
      const corrected = await liveOf(cluster, desired)
      t.same(fieldAt(corrected, 'data'), fieldAt(before, 'data'), what)
      t.same(await driftOf(cluster, desired), NONE, `${what}, taken over`)
      t.same(await correct(cluster, desired), { managers: undefined, released: undefined }, what)
      t.equal(
        (await liveOf(cluster, desired)).metadata.resourceVersion,
        corrected.metadata.resourceVersion,
        what,
      )
    }
    t.ok(objects.length > 40, String(objects.length))
  })
})
