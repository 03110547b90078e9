/** A real Kubernetes API server on loopback, and nothing else of a cluster. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPairSync } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { auditArguments, readAuditLog, type AuditedRequest } from './audit-log.ts'
import { startDaemon, type Daemon } from './daemon.ts'
import { startEtcd } from './etcd.ts'
import { freePort } from './free-port.ts'
import { kubernetesClient, type KubernetesClient } from './kubernetes-client.ts'
import { kubernetesProgram } from './kubernetes-programs.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

const READY_LIMIT_MS = 120_000
const ASK_AGAIN_MS = 50
const ADMINISTRATOR = 'admin'
/** Kubernetes' controllers, apart from the administrator in the audit log. */
const CONTROLLERS = 'system:controllers'
const MASTERS = 'system:masters'

export type ApiServerOptions = {
  /** The etcd that has its objects. Default: one of its own. */
  readonly etcd?: string
  /** The place of its objects in etcd, so that several servers can share one. */
  readonly prefix?: string
  /** Users beside the administrator, with their groups. */
  readonly users?: Readonly<Record<string, readonly string[]>>
  /** Users may do only what roles allow. Default: everybody may do everything. */
  readonly hasRoles?: boolean
  /** Controllers run, so Pods need their ServiceAccounts. */
  readonly hasControllers?: boolean
  /** Further arguments of the program. */
  readonly args?: readonly string[]
}

export type ApiServer = {
  readonly url: string
  /** The kubeconfig of the administrator. */
  readonly kubeconfig: string
  readonly kubeconfigOf: (user: string) => string
  readonly token: (user: string) => string
  readonly directory: string
  /** The key that signs tokens of ServiceAccounts. */
  readonly accountKey: string
  /** Requests of clients so far; those of Kubernetes' own controllers aren't among them. */
  readonly requests: () => Promise<readonly AuditedRequest[]>
  readonly stop: () => Promise<void>
  /** Ends it without a warning. */
  readonly kill: () => Promise<void>
  /** Starts it again at the same address, with the same objects. */
  readonly start: () => Promise<void>
}

/** Runs until the scope ends. */
export async function startApiServer(scope: Scope, options: ApiServerOptions = {}): Promise<ApiServer> {
  const [directory, etcd, port] = await Promise.all([
    temporaryDirectory(scope, 'kubernetes'),
    options.etcd ?? startEtcd(scope),
    freePort(),
  ])
  const accountKey = join(directory, 'key.pem')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await writeFile(accountKey, privateKey.export({ type: 'pkcs1', format: 'pem' }))
  const users = { [ADMINISTRATOR]: [MASTERS], [CONTROLLERS]: [MASTERS], ...options.users }
  await writeFile(join(directory, 'tokens.csv'), tokenFile(users))
  const args = [
    `--etcd-servers=${etcd}`,
    `--etcd-prefix=${options.prefix ?? '/registry'}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(directory, 'certificates')}`,
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    `--service-account-key-file=${accountKey}`,
    `--service-account-signing-key-file=${accountKey}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--authorization-mode=${options.hasRoles === true ? 'RBAC' : 'AlwaysAllow'}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--allow-privileged',
    // It waits for accounts that a controller would make.
    ...(options.hasControllers === true ? [] : ['--disable-admission-plugins', 'ServiceAccount']),
    ...(await auditArguments(directory)),
    ...(options.args ?? []),
  ]
  const url = `https://127.0.0.1:${port}`
  const client = kubernetesClient(scope, kubeconfigOf(url, ADMINISTRATOR))
  let server = await run(scope, args, client)
  return {
    url,
    kubeconfig: kubeconfigOf(url, ADMINISTRATOR),
    kubeconfigOf: (user) => kubeconfigOf(url, user),
    token: tokenOf,
    directory,
    accountKey,
    requests: async () =>
      (await readAuditLog(directory)).filter(({ user, uri }) => user !== CONTROLLERS && uri !== '/readyz'),
    stop: async () => void (await server.stop()),
    kill: async () => {
      server.kill('SIGKILL')
      await server.exited
    },
    start: async () => {
      server = await run(scope, args, client)
    },
  }
}

/** @returns the kubeconfig of Kubernetes' own controllers. */
export function controllersKubeconfig(server: ApiServer): string {
  return server.kubeconfigOf(CONTROLLERS)
}

async function run(scope: Scope, args: readonly string[], client: KubernetesClient): Promise<Daemon<true>> {
  const server = await startDaemon(scope, {
    command: [await kubernetesProgram('kube-apiserver'), ...args],
    ready: (line) => (line.includes('Serving securely on') ? true : undefined),
    readyWithinMs: READY_LIMIT_MS,
    stopWithinMs: 30_000,
  })
  const end = performance.now() + READY_LIMIT_MS
  for (const path of ['/readyz', '/api/v1/namespaces/default', '/api/v1/namespaces/kube-system']) {
    while ((await client.get(path).catch(() => undefined))?.status !== 200) {
      if (performance.now() > end) throw new Error(`${path} isn't there:\n${server.lines.join('\n')}`)
      await delay(ASK_AGAIN_MS)
    }
  }
  return server
}

function tokenFile(users: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(users)
    .map(([user, groups], i) => `${tokenOf(user)},${user},${i},"${groups.join(',')}"\n`)
    .join('')
}

function tokenOf(user: string): string {
  return `token-of-${user.replaceAll(':', '-')}`
}

function kubeconfigOf(url: string, user: string): string {
  return [
    'apiVersion: v1',
    'kind: Config',
    `clusters: [{name: a, cluster: {server: "${url}", insecure-skip-tls-verify: true}}]`,
    `users: [{name: a, user: {token: ${tokenOf(user)}}}]`,
    'contexts: [{name: a, context: {cluster: a, user: a}}]',
    'current-context: a',
    '',
  ].join('\n')
}
