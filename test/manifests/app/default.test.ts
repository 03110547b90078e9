import { readFile } from 'node:fs/promises'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { withoutNix } from '../../nix/nix-command.ts'
import { objectsOf, ofKind } from './app-command.ts'

/** All that an application may say, but what excludes each other. */
const FULL = `app {
  name = "shop";
  namespace = "prod";
  labels.team = "web";
  image = "example.org/shop:1";
  command = [ "/bin/shop" ];
  args = [ "--verbose" ];
  ports = { http = 8080; metrics = 9090; };
  hosts = [ "shop.example.org" "www.example.org" ];
  tls = true;
  ingressClass = "nginx";
  health = "/healthz";
  autoscale = { min = 2; max = 5; cpu = 70; };
  env = { MODE = "live"; WORKERS = 4; NODE.valueFrom.fieldRef.fieldPath = "spec.nodeName"; };
  secrets.PASSWORD = "shop-db/password";
  files."/etc/shop/config.json" = { currency = "EUR"; };
  volumes = { "/cache".emptyDir = { }; "/shared" = "pictures"; };
  resources = { cpu = "200m"; memory = "300Mi"; };
  extend.Service.spec.sessionAffinity = "ClientIP";
  extra = [ { apiVersion = "v1"; kind = "Widget"; metadata.name = "more"; } ];
}`

void t.test('a whole application', { skip: withoutNix }, async (t) => {
  const [objects] = await objectsOf([FULL])
  const golden = await readFile(new URL('full.yaml', import.meta.url), 'utf8')
  t.same(
    objects,
    parseAllDocuments(golden).map((document) => document.toJS()),
  )
})

type Row = readonly [app: string, expected: Readonly<Record<string, unknown>>]
const plain = 'name = "a"; image = "b";'

/** Which kinds of objects there are, in their order. */
const kinds: Readonly<Record<string, readonly [app: string, kinds: readonly string[]]>> = {
  'no port': [plain, ['ServiceAccount', 'Deployment']],
  'a port': [`${plain} port = 80;`, ['ServiceAccount', 'Deployment', 'Service']],
  'a host': [
    `${plain} port = 80; host = "a.example.org";`,
    ['ServiceAccount', 'Deployment', 'Service', 'Ingress'],
  ],
  'two Pods': [`${plain} replicas = 2;`, ['ServiceAccount', 'Deployment', 'PodDisruptionBudget']],
  'no Pods': [`${plain} replicas = 0;`, ['ServiceAccount', 'Deployment']],
  scaled: [`${plain} autoscale.max = 3;`, ['ServiceAccount', 'Deployment', 'HorizontalPodAutoscaler']],
  'scaled from two': [
    `${plain} autoscale = { min = 2; max = 3; };`,
    ['ServiceAccount', 'Deployment', 'PodDisruptionBudget', 'HorizontalPodAutoscaler'],
  ],
  storage: [`${plain} storage."/data" = "1Gi";`, ['ServiceAccount', 'StatefulSet', 'Service']],
  files: [`${plain} files."/etc/a" = "text";`, ['ServiceAccount', 'ConfigMap', 'Deployment']],
  schedule: [`${plain} schedule = "@daily";`, ['ServiceAccount', 'CronJob']],
  'an account that is there': [`${plain} serviceAccount = "c";`, ['Deployment']],
}

void t.test('kinds of objects', { skip: withoutNix }, async (t) => {
  const made = await objectsOf(Object.values(kinds).map(([app]) => `app { ${app} }`))
  for (const [at, [name, [, expected]]] of Object.entries(kinds).entries())
    t.same(
      made[at]?.map(({ kind }) => kind),
      expected,
      name,
    )
})

const restricted = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}

/** What matches in the workload's Pods. */
const pods: Readonly<Record<string, Row>> = {
  'safe by default': [
    plain,
    {
      automountServiceAccountToken: false,
      serviceAccountName: 'a',
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        fsGroup: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [{ securityContext: restricted, volumeMounts: [{ mountPath: '/tmp', name: 'tmp' }] }],
      volumes: [{ name: 'tmp', emptyDir: {} }],
    },
  ],
  'another user': [`${plain} user = 1000;`, { securityContext: { runAsUser: 1000, fsGroup: 1000 } }],
  root: [
    `${plain} runAsRoot = true;`,
    { securityContext: { runAsNonRoot: false, runAsUser: undefined, fsGroup: undefined } },
  ],
  'a root that can be written': [
    `${plain} writableRoot = true;`,
    {
      volumes: undefined,
      containers: [
        { volumeMounts: undefined, securityContext: { ...restricted, readOnlyRootFilesystem: false } },
      ],
    },
  ],
  'rights, capabilities and system calls': [
    `${plain} privilegeEscalation = true; capabilities = [ "NET_RAW" ]; seccomp = false;`,
    {
      securityContext: { seccompProfile: { type: 'Unconfined' } },
      containers: [
        {
          securityContext: {
            allowPrivilegeEscalation: true,
            capabilities: { drop: ['ALL'], add: ['NET_RAW'] },
          },
        },
      ],
    },
  ],
  'a token': [`${plain} apiToken = true;`, { automountServiceAccountToken: true }],
  'a port that was root’s once': [
    `${plain} port = 80;`,
    { securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] } },
  ],
  'a port above': [`${plain} port = 1024;`, { securityContext: { sysctls: undefined } }],
  'a /tmp of one’s own': [
    `${plain} volumes."/tmp".emptyDir.medium = "Memory";`,
    { volumes: [{ name: 'tmp', emptyDir: { medium: 'Memory' } }] },
  ],
  'ready while it takes connections': [
    `${plain} ports.pg = 5432;`,
    {
      containers: [
        { readinessProbe: { tcpSocket: { port: 'pg' } }, livenessProbe: undefined, startupProbe: undefined },
      ],
    },
  ],
  'no probe of UDP': [`${plain} ports.dns = "53/udp";`, { containers: [{ readinessProbe: undefined }] }],
  'HTTP before others': [
    `${plain} ports = { admin = 1; http = 2; }; health = "/";`,
    { containers: [{ livenessProbe: { httpGet: { path: '/', port: 'http' } } }] },
  ],
  'no probes': [`${plain} port = 80; health = false;`, { containers: [{ readinessProbe: undefined }] }],
  'probes of one’s own': [
    `${plain} port = 80; health = "/"; probes = { livenessProbe = null; readinessProbe.exec.command = [ "ok" ]; };`,
    { containers: [{ livenessProbe: undefined, readinessProbe: { exec: { command: ['ok'] } } }] },
  ],
  small: [
    plain,
    {
      containers: [{ resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } } }],
    },
  ],
  'large, with less processor time': [
    `${plain} size = "large"; resources.cpu = 0.5;`,
    { containers: [{ resources: { requests: { cpu: 0.5, memory: '2Gi' }, limits: { memory: '4Gi' } } }] },
  ],
  'resources as Kubernetes has them': [
    `${plain} resources.limits.cpu = 1;`,
    { containers: [{ resources: { limits: { cpu: 1 }, requests: undefined } }] },
  ],
  'all keys of a Secret': [
    `${plain} secrets = [ "s" ];`,
    { containers: [{ envFrom: [{ secretRef: { name: 's' } }] }] },
  ],
  'a Job that isn’t started again': [
    `${plain} schedule = "@daily"; args = [ "now" ];`,
    { restartPolicy: 'Never', containers: [{ args: ['now'] }] },
  ],
}

type Workload = {
  readonly spec: {
    readonly template: Pods
    readonly jobTemplate?: { readonly spec: { readonly template: Pods } }
  }
}
type Pods = { readonly spec: Readonly<Record<string, unknown>> }

void t.test('Pods', { skip: withoutNix }, async (t) => {
  const made = await objectsOf(Object.values(pods).map(([app]) => `app { ${app} }`))
  for (const [at, [name, [, expected]]] of Object.entries(pods).entries()) {
    const workload = made[at]?.find(({ kind }) =>
      ['Deployment', 'CronJob'].includes(kind),
    ) as unknown as Workload
    t.match((workload.spec.jobTemplate?.spec.template ?? workload.spec.template).spec, expected, name)
  }
})

void t.test('storage is each Pod’s own', { skip: withoutNix }, async (t) => {
  const [objects] = await objectsOf([
    `app { ${plain} port = 5432; storage = { "/var/lib/Db" = "1Gi"; "/log" = { storage = "2Gi"; storageClassName = "slow"; }; }; }`,
  ])
  t.match(ofKind(objects, 'StatefulSet'), {
    spec: {
      serviceName: 'a',
      template: {
        spec: {
          containers: [
            {
              volumeMounts: [
                { name: 'log' },
                { name: 'tmp' },
                { mountPath: '/var/lib/Db', name: 'var-lib-db' },
              ],
            },
          ],
        },
      },
      volumeClaimTemplates: [
        { metadata: { name: 'log' }, spec: { storageClassName: 'slow' } },
        { metadata: { name: 'var-lib-db' }, spec: { resources: { requests: { storage: '1Gi' } } } },
      ],
    },
  })
})

void t.test('a file that changes makes new Pods', { skip: withoutNix }, async (t) => {
  const texts = ['"one"', '"two"', '"one"']
  const made = await objectsOf(texts.map((text) => `app { ${plain} files."/etc/a" = ${text}; }`))
  const [one, two, again] = made.map((objects) =>
    JSON.stringify((ofKind(objects, 'Deployment')['spec'] as { readonly template: unknown }).template),
  )
  t.not(one, two)
  t.equal(one, again)
})
