/** A real Kubernetes API server with a store of its own, on loopback, and nothing else of a cluster. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPairSync } from 'node:crypto'
import { startDaemon } from './daemon.ts'
import { freePort } from './free-port.ts'
import { kubernetesProgram } from './kubernetes-programs.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

const READY_LIMIT_MS = 120_000
const TOKEN = 'of-nobody-else'

/** Until the scope ends. @returns a kubeconfig of its administrator. */
export async function startApiServer(scope: Scope): Promise<string> {
  const directory = await temporaryDirectory(scope, 'kubernetes')
  const [client, peer, secure] = [await freePort(), await freePort(), await freePort()]
  const storage = `http://127.0.0.1:${client}`
  await startDaemon(scope, {
    command: [
      'etcd',
      '--data-dir',
      join(directory, 'etcd'),
      '--listen-client-urls',
      storage,
      '--advertise-client-urls',
      storage,
      '--listen-peer-urls',
      `http://127.0.0.1:${peer}`,
    ],
    ready: (line) => (line.includes('ready to serve client requests') ? true : undefined),
    readyWithinMs: READY_LIMIT_MS,
  })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = join(directory, 'key.pem')
  await writeFile(key, privateKey.export({ type: 'pkcs1', format: 'pem' }))
  await writeFile(join(directory, 'tokens.csv'), `${TOKEN},admin,1,system:masters\n`)
  await startDaemon(scope, {
    command: [
      await kubernetesProgram('kube-apiserver'),
      '--etcd-servers',
      storage,
      '--bind-address',
      '127.0.0.1',
      '--secure-port',
      String(secure),
      '--cert-dir',
      join(directory, 'certificates'),
      '--token-auth-file',
      join(directory, 'tokens.csv'),
      '--service-account-key-file',
      key,
      '--service-account-signing-key-file',
      key,
      '--service-account-issuer',
      'https://kubernetes.default.svc',
      '--authorization-mode',
      'AlwaysAllow',
      '--service-cluster-ip-range',
      '10.0.0.0/24',
      '--allow-privileged',
      // It waits for accounts that a controller would make.
      '--disable-admission-plugins',
      'ServiceAccount',
    ],
    ready: (line) => (/quota admission added evaluator for: endpointslices/.test(line) ? true : undefined),
    readyWithinMs: READY_LIMIT_MS,
  })
  return [
    'apiVersion: v1',
    'kind: Config',
    `clusters: [{name: a, cluster: {server: "https://127.0.0.1:${secure}", insecure-skip-tls-verify: true}}]`,
    `users: [{name: a, user: {token: ${TOKEN}}}]`,
    'contexts: [{name: a, context: {cluster: a, user: a}}]',
    'current-context: a',
    '',
  ].join('\n')
}
