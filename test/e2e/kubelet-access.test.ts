/**
 * A real kubelet with a real API server, and a registry that is closed: TLS by a private authority, and credentials from
 * the Pod's imagePullSecrets.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashSync } from 'bcryptjs'
import { execa } from 'execa'
import t from 'tap'
import type { Json } from '../../src/core/json.ts'
import { imageName } from './client.ts'
import { exampleImage } from './example.ts'
import { until } from './until.ts'
import { startApiServer } from '../support/api-server.ts'
import { testAuthority, writePair } from '../support/certificates.ts'
import { startKubelet } from '../support/kubelet.ts'
import { kubernetesClient } from '../support/kubernetes-client.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { fixture, nixBuild, nixEnv, only } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const skip = missing('root', 'nix', 'containerd', 'etcd') || (await missingKubernetes('kubelet'))
const MAIN = new URL('../../dist/main.js', import.meta.url).pathname
const LIMIT_MS = 90_000

void t.test(
  'imagePullSecrets, and TLS by a private authority',
  { skip, timeout: 3 * LIMIT_MS },
  async (t) => {
    const directory = await temporaryDirectory(t, 'kubelet-access')
    const authority = testAuthority()
    const { certFile, keyFile } = await writePair(directory, authority.server())
    const auth = join(directory, 'auth.yaml')
    await writeFile(
      auth,
      `users: [{name: cluster, password: ${hashSync('secret', 4)}, rights: [pull]}]\nanonymous: []\nrules: [{subjects: [user:cluster], allow: [pull]}]\n`,
    )
    const server = await startPushless(t, {
      args: ['--auth', auth, '--tls-cert', certFile, '--tls-key', keyFile],
    })
    const greeter = await exampleImage()
    const sandbox = only(await nixBuild(fixture('pods.nix'), ['-A', 'sandbox']))
    const { kubeconfig } = await startApiServer(t)
    const cluster = kubernetesClient(t, kubeconfig)
    const kubelet = await startKubelet(t, {
      url: server.url.replace('127.0.0.1', 'localhost'),
      sandboxImage: imageName(sandbox),
      authority: authority.ca,
      kubeconfig,
    })
    const archive = join(directory, 'sandbox.tar')
    await execa(
      process.execPath,
      [
        MAIN,
        'export',
        '--state',
        join(directory, 'state'),
        '--name',
        imageName(sandbox),
        '--output',
        archive,
        sandbox,
      ],
      { env: nixEnv, timeout: LIMIT_MS },
    )
    await kubelet.importImages(archive)
    const post = async (path: string, object: Json) => {
      const { status, body } = await cluster.post(path, object, false)
      t.equal(status, 201, JSON.stringify(body))
    }
    await until(
      async () => ((await cluster.get('/api/v1/nodes/node')).status === 200 ? true : undefined),
      LIMIT_MS,
    )
    await post('/api/v1/namespaces/default/secrets', secret('right', 'secret'))
    await post('/api/v1/namespaces/default/secrets', secret('wrong', 'guess'))
    const pod = (name: string, secrets: readonly string[]): Json => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        nodeName: 'node',
        hostNetwork: true,
        automountServiceAccountToken: false,
        imagePullSecrets: secrets.map((one) => ({ name: one })),
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name, image: imageName(greeter), imagePullPolicy: 'Always' }],
      },
    })
    await post('/api/v1/namespaces/default/pods', pod('without', []))
    await post('/api/v1/namespaces/default/pods', pod('wrong', ['wrong']))
    await until(
      () =>
        kubelet.events().filter((event) => event.startsWith('Failed: Failed to pull image')).length >= 2
          ? true
          : undefined,
      LIMIT_MS,
    )
    await post('/api/v1/namespaces/default/pods', pod('greeter', ['right']))
    await until(
      async () => ((await kubelet.logs('greeter')).some((line) => /hello/i.test(line)) ? true : undefined),
      LIMIT_MS,
    )
    t.same(await kubelet.running('without'), [])
    t.same(await kubelet.running('wrong'), [])
    const pulls = server.logs.filter(({ msg }) => msg === 'pull')
    t.ok(
      pulls.length > 0 && pulls.every(({ subject }) => subject === 'user:cluster'),
      'by the subject of the Secret',
    )
    t.ok(
      server.logs.some(({ msg }) => String(msg).startsWith('wrong credentials')),
      'the wrong ones are in the log',
    )
  },
)

/** A Secret with credentials for the host in the names of images. */
function secret(name: string, password: string): Json {
  const auths = { 'nix.internal': { username: 'cluster', password } }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/dockerconfigjson',
    metadata: { name },
    stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
  }
}
