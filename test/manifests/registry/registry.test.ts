/** The registry's objects: what must be so for it to work and to be safe, and what is refused. */
import t from 'tap'
import { kubernetesVersions } from '../../../src/kubernetes/check/schema.ts'
import { evaluate, refusal, root, withoutNix } from '../../nix/nix-command.ts'

type Container = {
  readonly image: string
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly volumeMounts: readonly {
    readonly mountPath: string
    readonly name: string
    readonly readOnly?: true
  }[]
  readonly securityContext: unknown
}
type Pod = Record<string, unknown> & {
  readonly containers: readonly [Container]
  readonly initContainers: readonly [Container]
  readonly volumes: readonly { readonly name: string; readonly hostPath?: { readonly path: string } }[]
}
type KubernetesObject = {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: Record<string, unknown> & { readonly template: { readonly spec: Pod } }
}

const manifests = `(import ${root}manifests { })`

async function objectsOf(given: string): Promise<KubernetesObject[]> {
  return (await evaluate(`${manifests}.registry { ${given} }`)) as KubernetesObject[]
}

function only(objects: readonly KubernetesObject[], kind: string, name = 'pushless'): KubernetesObject {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name)
  const [object] = found
  if (object === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} ${name}`)
  return object
}

function environmentOf(pod: Pod): Record<string, string> {
  return Object.fromEntries(pod.containers[0].env.map(({ name, value }) => [name, value]))
}

void t.test('on every node', { skip: withoutNix }, async (t) => {
  const objects = await objectsOf('')
  const pod = only(objects, 'DaemonSet').spec.template.spec
  const [registry] = pod.containers

  t.notOk(objects.some(({ kind }) => kind === 'Service' || kind === 'PodDisruptionBudget'))
  t.match(environmentOf(pod), {
    PUSHLESS_LISTEN: '127.0.0.1:5000',
    PUSHLESS_ALLOW_BUILDS: 'false',
    PUSHLESS_NIX: 'unix:/nix/var/nix/daemon-socket/socket',
  })
  t.match(pod, {
    hostNetwork: true,
    automountServiceAccountToken: false,
    // Beyond the 30 s of --grace and the 5 s of the rest.
    terminationGracePeriodSeconds: 40,
    tolerations: [{ operator: 'Exists' }],
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  })
  t.match(registry, {
    livenessProbe: { httpGet: { path: '/healthz', host: '127.0.0.1' } },
    readinessProbe: { httpGet: { path: '/readyz', host: '127.0.0.1' } },
  })
  t.same(registry.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
})

void t.test('roots are where the garbage collector looks for them', { skip: withoutNix }, async (t) => {
  for (const [given, expected] of [
    ['', '/var/lib/pushless'],
    ['state = "/srv/pushless";', '/srv/pushless'],
    ['kind = "Deployment";', '/var/lib/pushless/roots'],
    ['kind = "Deployment"; storage = null;', '/var/lib/pushless'],
  ] as const) {
    const objects = await objectsOf(given)
    const { volumes, containers, initContainers } = only(
      objects,
      given.includes('Deployment') ? 'Deployment' : 'DaemonSet',
    ).spec.template.spec
    const onNode = volumes.find(({ name }) => name === 'state')?.hostPath?.path
    const inPod = containers[0].volumeMounts.find(({ name }) => name === 'state')?.mountPath
    t.equal(onNode, expected, given)
    t.equal(inPod, onNode, 'under the same path')
    t.equal(initContainers[0].args[0], onNode, 'and made its own')
  }
})

void t.test('it can change nothing of the node but its state', { skip: withoutNix }, async (t) => {
  for (const kind of ['DaemonSet', 'Deployment']) {
    const { containers, volumes } = only(await objectsOf(`kind = "${kind}";`), kind).spec.template.spec
    const nodes = new Set(volumes.filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name))
    t.same(
      containers[0].volumeMounts.filter(({ name, readOnly }) => nodes.has(name) && readOnly !== true),
      [{ mountPath: `/var/lib/pushless${kind === 'Deployment' ? '/roots' : ''}`, name: 'state' }],
      kind,
    )
  }
})

void t.test('one for the cluster', { skip: withoutNix }, async (t) => {
  const objects = await objectsOf(
    'kind = "Deployment"; port = 6000; nodePort = 31000; clients = [ "10.0.0.0/24" ]; replicas = 2;',
  )
  const { spec } = only(objects, 'Deployment')
  t.equal(spec['replicas'], 2)
  t.notHas(spec.template.spec, { hostNetwork: true })
  t.match(environmentOf(spec.template.spec), {
    PUSHLESS_LISTEN: '0.0.0.0:6000',
    PUSHLESS_HOSTS: 'pushless pushless.pushless pushless.pushless.svc pushless.pushless.svc.cluster.local',
  })
  t.match(only(objects, 'Service').spec, {
    type: 'NodePort',
    ports: [{ port: 6000, targetPort: 'http', nodePort: 31000 }],
  })
  t.match(only(objects, 'NetworkPolicy').spec, {
    egress: [],
    ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/24' } }], ports: [{ port: 'http' }] }],
  })
  t.match(only(objects, 'PodDisruptionBudget').spec, { maxUnavailable: 1 })
  t.match(only(objects, 'PersistentVolumeClaim').spec, { resources: { requests: { storage: '12Gi' } } })
  const nodes = only(objects, 'DaemonSet', 'pushless-node-setup').spec.template.spec
  t.equal(environmentOf(nodes)['URL'], 'http://$(NODE_IP):31000')
  const names = nodes.containers[0].env.map(({ name }) => name)
  t.ok(names.indexOf('NODE_IP') < names.indexOf('URL'), 'Kubernetes knows only what came before')
})

void t.test('a registry that mounts store paths into containers', { skip: withoutNix }, async (t) => {
  const pod = only(await objectsOf('zeroCopy = true;'), 'DaemonSet').spec.template.spec
  t.match(environmentOf(pod), { PUSHLESS_ZERO_COPY: 'true' })
  t.match(pod, { securityContext: { runAsUser: 0, runAsNonRoot: false } })
  const [container] = pod.containers
  t.match(container, { securityContext: { capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true } })
  t.match(
    pod.volumes.find(({ name }) => name === 'nri'),
    { hostPath: { path: '/var/run/nri' } },
  )
})

void t.test('names that the registry is called by', { skip: withoutNix }, async (t) => {
  for (const [given, kind, expected] of [
    ['', 'DaemonSet', undefined],
    ['settings.hosts = "registry.example";', 'DaemonSet', 'registry.example'],
    [
      'kind = "Deployment"; name = "pushless"; namespace = "images"; settings.hosts = "*.example";',
      'Deployment',
      'pushless pushless.images pushless.images.svc pushless.images.svc.cluster.local *.example',
    ],
    ['kind = "Deployment"; namespace = null;', 'Deployment', 'pushless'],
  ] as const)
    t.equal(
      environmentOf(only(await objectsOf(given), kind).spec.template.spec)['PUSHLESS_HOSTS'],
      expected,
      given,
    )
  t.match(
    await refusal(`${manifests}.registry { kind = "Deployment"; settings.hosts = true; }`),
    /settings\.hosts/,
  )
})

void t.test('settings, the token, and what is left out', { skip: withoutNix }, async (t) => {
  const objects = await objectsOf(`
    settings = { hold = 25; nix-cache = "write"; grace = 60; };
    allowBuilds = true; tokenSecret = "pushless-token"; namespace = null; nodes = null; image = "example.org/pushless:1";
  `)
  t.same(
    objects.map(({ kind }) => kind),
    ['ServiceAccount', 'DaemonSet'],
  )
  const pod = only(objects, 'DaemonSet').spec.template.spec
  t.equal(only(objects, 'DaemonSet').metadata.namespace, undefined)
  t.match(environmentOf(pod), {
    PUSHLESS_HOLD: '25',
    PUSHLESS_NIX_CACHE: 'write',
    PUSHLESS_ALLOW_BUILDS: 'true',
    PUSHLESS_TOKEN_FILE: '/run/secrets/pushless-token/token',
  })
  t.equal(pod['terminationGracePeriodSeconds'], 70)
  t.match(pod.volumes, [
    { name: 'daemon' },
    { name: 'state' },
    { name: 'store' },
    { name: 'tmp' },
    { name: 'token' },
  ])
  t.equal(pod.containers[0].image, 'example.org/pushless:1')
})

void t.test('a certificate, and who may pull', { skip: withoutNix }, async (t) => {
  const secrets = 'tlsSecret = "certificate"; authSecret = "who"; imagePullSecret = "pull";'
  for (const [kind, url] of [
    ['DaemonSet', 'https://127.0.0.1:5000'],
    ['Deployment', 'https://$(NODE_IP):30500'],
  ] as const) {
    const objects = await objectsOf(`kind = "${kind}"; ${secrets}`)
    const pod = only(objects, kind).spec.template.spec
    const [registry] = pod.containers
    t.match(environmentOf(pod), {
      PUSHLESS_TLS_CERT: '/run/secrets/pushless-tls/tls.crt',
      PUSHLESS_TLS_KEY: '/run/secrets/pushless-tls/tls.key',
      PUSHLESS_AUTH: '/run/secrets/pushless-auth/auth.yaml',
      // The file decides what anonymous clients may do.
      PUSHLESS_ANONYMOUS_PULL: undefined,
    })
    t.match(registry, {
      livenessProbe: { httpGet: { scheme: 'HTTPS' } },
      readinessProbe: { httpGet: { scheme: 'HTTPS' } },
    })
    for (const [name, secretName] of [
      ['tls', 'certificate'],
      ['auth', 'who'],
    ] as const) {
      // Not writable, and by no subPath: a file that is mounted by subPath never changes.
      t.same(
        registry.volumeMounts.filter((mount) => mount.name === name),
        [{ mountPath: `/run/secrets/pushless-${name}`, name, readOnly: true }],
        `${kind}: ${name}`,
      )
      t.same(
        pod.volumes.filter((volume) => volume.name === name),
        [{ name, secret: { secretName, defaultMode: 0o440 } }],
        `${kind}: ${name}`,
      )
    }
    const nodes = only(objects, 'DaemonSet', 'pushless-node-setup').spec.template.spec
    t.equal(environmentOf(nodes)['URL'], url)
    for (const each of [pod, nodes]) t.same(each['imagePullSecrets'], [{ name: 'pull' }], kind)
  }
})

void t.test(
  'the set-up of nodes sees only the directories that it needs',
  { skip: withoutNix },
  async (t) => {
    for (const [runtime, path] of [
      ['containerd', '/etc/containerd'],
      ['cri-o', '/etc/containers'],
      ['k3s', '/etc/rancher/k3s'],
    ] as const) {
      const objects = (await evaluate(
        `${manifests}.nodeSetup { runtimes = [ "${runtime}" ]; }`,
      )) as KubernetesObject[]
      const { volumes, containers } = only(objects, 'DaemonSet', 'pushless-node-setup').spec.template.spec
      t.same(
        volumes.flatMap(({ hostPath }) => hostPath?.path ?? []),
        [path],
        runtime,
      )
      t.match(containers[0].volumeMounts, [{ mountPath: `/host${path}` }, { mountPath: '/scripts' }])
      t.match(only(objects, 'NetworkPolicy', 'pushless-node-setup').spec, { ingress: [], egress: [] })
    }
  },
)

void t.test('Kubernetes takes them', { skip: withoutNix }, async (t) => {
  const sets = [
    '{ }',
    '{ kind = "Deployment"; clients = [ "10.0.0.0/8" ]; storageClassName = "fast"; replicas = 2; }',
    '{ kind = "Deployment"; storage = null; priorityClassName = "system-cluster-critical"; }',
    '{ tokenSecret = "token"; namespace = null; nodes.runtimes = [ "containerd" "cri-o" "k3s" "rke2" ]; }',
    '{ nodes.certsDir = "/srv/certs.d"; settings.verify = true; }',
    '{ tlsSecret = "a"; authSecret = "b"; tokenSecret = "c"; imagePullSecret = "d"; nodes.authority = "e"; }',
  ]
  const versions = await kubernetesVersions(`${root}manifests/schema`)
  t.ok(versions.length > 1)
  for (const version of versions) {
    const problems = await evaluate(`
      let inherit (import ${root}manifests { kubernetes = "${version}"; }) registry validate; in
      map (given: validate (registry given)) [ ${sets.join(' ')} ]`)
    t.same(
      problems,
      Array.from(sets, () => []),
      version,
    )
  }
})

void t.test('refused', { skip: withoutNix }, async (t) => {
  const cases: Record<string, RegExp> = {
    'registry { kind = "Pod"; }':
      /^registry: kind is "Pod", expected "DaemonSet", "Deployment" or "StatefulSet"$/,
    'registry { replicas = 2; }': /^registry: replicas is given, expected it with kind = "Deployment" alone$/,
    'registry { storage = "1Gi"; }': /^registry: storage is given/,
    'registry { port = 0; }': /^registry: port is 0, expected a port/,
    'registry { kind = "Deployment"; nodePort = 5000; }':
      /^registry: nodePort is 5000, expected a port from 30000/,
    'registry { kind = "Deployment"; clients = "10.0.0.0/8"; }':
      /^registry: clients is "10\.0\.0\.0\/8", expected a list/,
    'registry { uid = 0; }': /^registry: uid is 0, expected a number from 1 on/,
    'registry { zeroCopy = true; uid = 1; }': /^registry: uid is 1, expected 0: only root/,
    'registry { zeroCopy = 1; }': /^registry: zeroCopy is 1, expected true or false$/,
    'registry { kind = "Deployment"; zeroCopy = true; }': /^registry: zeroCopy is true, expected false: only/,
    'registry { settings.zero-copy = true; }': /^registry: settings "zero-copy" is made from other arguments/,
    'registry { state = "var"; }': /^registry: state is "var", expected an absolute path$/,
    'registry { allowBuilds = "yes"; }': /^registry: allowBuilds is "yes", expected true or false$/,
    'registry { settings.listen = "0.0.0.0:80"; }':
      /^registry: settings "listen" is made from other arguments/,
    'registry { settings.token-file = "/x"; }':
      /^registry: settings "token-file" is made from other arguments/,
    'registry { settings.tls-cert = "/x"; }': /^registry: settings "tls-cert" is made from other arguments/,
    'registry { settings.auth = "/x"; }': /^registry: settings "auth" is made from other arguments/,
    'registry { settings.hold = [ ]; }': /^registry: settings\.hold is a list, expected a string/,
    'registry { ports = 1; }': /^registry: argument "ports" unknown, there are: /,
    'registry { nodes = true; }': /^registry: nodes is true, expected an attribute set/,
    'registry { nodes.runtimes = [ "docker" ]; }':
      /^nodeSetup: a runtime in runtimes is "docker", expected containerd, cri-o, podman, k3s, rke2$/,
    'nodeSetup { runtimes = [ ]; }': /^nodeSetup: runtimes is a list, expected/,
    'nodeSetup { url = "127.0.0.1:5000"; }': /^nodeSetup: url is "127\.0\.0\.1:5000", expected scheme/,
    'nodeSetup { url = "http://a\\"b"; }': /^nodeSetup: url is /,
    'nodeSetup { certsDir = "certs.d"; }': /^nodeSetup: certsDir is "certs\.d", expected an absolute path$/,
  }
  for (const [expression, expected] of Object.entries(cases))
    t.match((await refusal(`${manifests}.${expression}`)) ?? 'no refusal', expected, expression)
})
