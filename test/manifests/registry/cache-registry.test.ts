/** The registry that is filled from binary caches: what its Pods may do, how many there are, and what is refused. */
import t from 'tap'
import { evaluate, refusal, root, withoutNix } from '../../nix/nix-command.ts'

type KubernetesObject = {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: object }
  readonly spec: Readonly<Record<string, unknown>> & { readonly template: { readonly spec: object } }
}

const call = (given: string) => `(import ${root}manifests { }).registry { store = "cache"; ${given} }`

async function objectsOf(given: string): Promise<readonly KubernetesObject[]> {
  return (await evaluate(call(given))) as KubernetesObject[]
}

const kindsOf = (objects: readonly KubernetesObject[]) => objects.map(({ kind }) => kind)
const only = (objects: readonly KubernetesObject[], kind: string) =>
  objects.find((object) => object.kind === kind)?.spec

void t.test('needs nothing of its node', { skip: withoutNix }, async (t) => {
  const objects = await objectsOf('')
  t.notMatch(JSON.stringify(objects), /hostPath|hostNetwork|hostPort|persistentVolumeClaim/)
  t.match(objects[0], {
    kind: 'Namespace',
    metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  })
})

void t.test('as many Pods as the load needs, apart from each other', { skip: withoutNix }, async (t) => {
  const objects = await objectsOf('autoscaling = { min = 3; max = 9; cpu = 50; };')
  t.match(only(objects, 'HorizontalPodAutoscaler'), { minReplicas: 3, maxReplicas: 9 })
  t.notOk('replicas' in (only(objects, 'Deployment') ?? {}), 'each apply would set the number back')
  t.match(only(objects, 'PodDisruptionBudget'), { maxUnavailable: 1 })
  t.match(only(objects, 'Deployment')?.template.spec, {
    topologySpreadConstraints: [
      { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
      { topologyKey: 'topology.kubernetes.io/zone' },
    ],
  })
  const fixed = await objectsOf('replicas = 2;')
  t.notOk(kindsOf(fixed).includes('HorizontalPodAutoscaler'))
  t.match(only(fixed, 'Deployment'), { replicas: 2 })
})

void t.test('its volume is larger than its store', { skip: withoutNix }, async (t) => {
  for (const [given, expected] of [
    ['', '42000M'],
    ['storeSize = 1000; settings.cache-size = 100; settings.encoded-size = 0;', '2600M'],
  ] as const)
    t.match(only(await objectsOf(given), 'Deployment')?.template.spec, {
      volumes: [{ name: 'state', emptyDir: { sizeLimit: expected } }, { name: 'tmp' }],
    })
})

void t.test('nodes are set up from a namespace of its own', { skip: withoutNix }, async (t) => {
  const objects = await objectsOf('nodes = { }; namespace = "images"; tlsSecret = "certificate";')
  const setup = objects.filter(({ metadata }) => metadata.name.endsWith('node-setup'))
  t.ok(setup.length > 3)
  for (const { kind, metadata } of setup)
    if (kind !== 'Namespace') t.equal(metadata.namespace, 'images-node-setup', kind)
  t.match(JSON.stringify(only(setup, 'DaemonSet')), 'https://$(NODE_IP):30500')
  t.match(JSON.stringify(only(objects, 'Deployment')), '"scheme":"HTTPS"')
})

void t.test('is refused', { skip: withoutNix }, async (t) => {
  for (const [given, expected] of [
    ['kind = "DaemonSet";', 'kind is "DaemonSet", expected "Deployment"'],
    ['caches = [ ];', 'caches is'],
    ['storeSize = "20Gi";', 'storeSize is "20Gi", expected a number of megabytes'],
    ['replicas = 2; autoscaling = { };', 'replicas is given beside autoscaling'],
    ['nodePort = 80;', 'nodePort is 80'],
    ['uid = 0;', 'uid is 0'],
    ['spread = "zone";', 'spread is "zone"'],
    ['autoscaling = 3;', 'autoscaling is 3'],
    ['disruptionBudget = 1;', 'disruptionBudget is 1'],
    ['settings.caches = "https://a";', 'settings "caches" is made from other arguments'],
    ['settings.auth = "/a";', 'settings "auth" is made from other arguments'],
    ['allowBuilds = true;', 'allowBuilds'],
  ] as const)
    t.match(await refusal(call(given)), expected, given)
})
