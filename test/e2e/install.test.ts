/**
 * `pushless install --print | kubectl apply -f -` at a real API server: it takes every object, and admits the Pods by the
 * Pod Security Standards that their namespace has.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { startApiServer } from '../support/api-server.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { missing, searchPath } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const LIMIT_MS = 60_000
const skip = missing('etcd', 'kubectl') || (await missingKubernetes('kube-apiserver'))

/** Arguments, and the namespaces with the standard that each has. */
const CASES = [
  { args: ['--kind', 'cache', '--namespace', 'cached'], levels: { cached: 'restricted' } },
  {
    args: [
      '--kind',
      'cache',
      '--namespace',
      'two',
      '--node-port',
      '30501',
      '--node-setup',
      '--tls-secret',
      'certificate',
    ],
    levels: { two: 'restricted', 'two-node-setup': 'privileged' },
  },
  { args: ['--kind', 'daemon-set', '--namespace', 'every'], levels: { every: 'privileged' } },
  {
    args: ['--kind', 'deployment', '--namespace', 'one', '--node-port', '31000'],
    levels: { one: 'privileged' },
  },
  {
    args: ['--kind', 'stateful-set', '--namespace', 'builds', '--node-port', '31001'],
    levels: { builds: 'privileged' },
  },
  {
    args: ['--kind', 'stateful-set', '--namespace', 'unboxed', '--node-port', '31002', '--no-sandbox'],
    levels: { unboxed: 'restricted' },
  },
  { args: ['operator', '--replicas=3', '--namespace', 'operator'], levels: { operator: 'restricted' } },
] as const

void t.test('an API server takes what is printed', { skip, timeout: 4 * LIMIT_MS }, async (t) => {
  const kubeconfig = join(await temporaryDirectory(t, 'install'), 'kubeconfig')
  await writeFile(kubeconfig, (await startApiServer(t)).kubeconfig)
  const kubectl = async (input: string, ...args: readonly string[]) =>
    execa('kubectl', ['--kubeconfig', kubeconfig, ...args], {
      input,
      env: { PATH: searchPath() },
      reject: false,
      timeout: LIMIT_MS,
    })
  for (const { args, levels } of CASES) {
    const printed = await install(args)
    const applied = await kubectl(printed, 'apply', '--filename', '-')
    t.equal(applied.exitCode, 0, applied.stderr)
    t.notMatch(applied.stderr, /would violate PodSecurity/)
    t.match(applied.stdout, new RegExp(`namespace/${args[3]} created`))
    for (const [namespace, level] of Object.entries(levels)) {
      const pods = podsOf(printed, namespace)
      t.equal(pods.length > 0, true, namespace)
      for (const pod of pods) {
        const create = async (enforced: string) => {
          const label = `pod-security.kubernetes.io/enforce=${enforced}`
          await kubectl('', 'label', '--overwrite', 'namespace', namespace, label)
          return kubectl(pod, 'create', '--dry-run=server', '--filename', '-')
        }
        const admitted = await create(level)
        t.equal(admitted.exitCode, 0, `${namespace}, ${level}: ${admitted.stderr}`)
        if (level === 'restricted') continue
        t.match((await create('restricted')).stderr, /violates PodSecurity/, 'the standard is enforced here')
      }
    }
  }
})

async function install(args: readonly string[]): Promise<string> {
  const command = ['--disable-warning=ExperimentalWarning', MAIN, 'install', ...args, '--print']
  const { stdout } = await execa(process.execPath, command, {
    // No Nix is needed.
    env: { PATH: '/nonexistent' },
    extendEnv: false,
    timeout: LIMIT_MS,
  })
  return stdout
}

/** The Pods that the workloads of a namespace would make, as JSON. */
function podsOf(text: string, namespace: string): readonly string[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((object) => object.spec?.template !== undefined && object.metadata.namespace === namespace)
    .map((object) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: object.metadata.name, namespace },
        spec: {
          ...object.spec.template.spec,
          volumes: [
            ...object.spec.template.spec.volumes,
            ...(object.spec.volumeClaimTemplates ?? []).map(
              ({ metadata }: { metadata: { name: string } }) => ({
                name: metadata.name,
                persistentVolumeClaim: { claimName: metadata.name },
              }),
            ),
          ],
        },
      }),
    )
}
