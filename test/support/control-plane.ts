/** A real control plane on loopback: an API server, perhaps a second one for a tenant, and Kubernetes' own controllers. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { controllersKubeconfig, startApiServer, type ApiServer, type ApiServerOptions } from './api-server.ts'
import { startDaemon } from './daemon.ts'
import { startEtcd } from './etcd.ts'
import { kubernetesProgram } from './kubernetes-programs.ts'
import type { Scope } from './scope.ts'

export type ControlPlaneOptions = Pick<ApiServerOptions, 'users' | 'hasRoles'> & {
  /** Names of further API servers in the same etcd, each a cluster of its own. */
  readonly tenants?: readonly string[]
  /** Runs the controller manager, for the first API server. */
  readonly hasControllers?: boolean
  /** Runs the scheduler, for the first API server. */
  readonly hasScheduler?: boolean
}

export type ControlPlane = {
  /** The first API server. */
  readonly provider: ApiServer
  readonly tenants: readonly ApiServer[]
}

const READY_LIMIT_MS = 60_000

/** Runs until the scope ends. */
export async function startControlPlane(
  scope: Scope,
  { tenants = [], hasControllers = false, hasScheduler = false, ...options }: ControlPlaneOptions = {},
): Promise<ControlPlane> {
  const etcd = await startEtcd(scope)
  const [provider, ...others] = await Promise.all([
    startApiServer(scope, { ...options, etcd, prefix: '/provider', hasControllers }),
    ...tenants.map(async (name) => startApiServer(scope, { ...options, etcd, prefix: `/${name}` })),
  ])
  await Promise.all([
    ...(hasControllers ? [startControllerManager(scope, provider)] : []),
    ...(hasScheduler ? [startScheduler(scope, provider)] : []),
  ])
  return { provider, tenants: others }
}

/** Starts all controllers of Kubernetes. A node that was ready once stays so, since a fake one has no heartbeat. */
async function startControllerManager(scope: Scope, server: ApiServer): Promise<void> {
  await startDaemon(scope, {
    command: [
      await kubernetesProgram('kube-controller-manager'),
      `--kubeconfig=${await writtenKubeconfig(server)}`,
      '--leader-elect=false',
      '--secure-port=0',
      `--service-account-private-key-file=${server.accountKey}`,
      `--root-ca-file=${join(server.directory, 'certificates/apiserver.crt')}`,
      '--node-monitor-grace-period=24h',
    ],
    ready: (line) => (line.includes('Proceeding to collect garbage') ? true : undefined),
    readyWithinMs: READY_LIMIT_MS,
  })
}

async function startScheduler(scope: Scope, server: ApiServer): Promise<void> {
  await startDaemon(scope, {
    command: [
      await kubernetesProgram('kube-scheduler'),
      `--kubeconfig=${await writtenKubeconfig(server)}`,
      '--leader-elect=false',
      '--secure-port=0',
    ],
    ready: (line) => (/Starting Kubernetes Scheduler/.test(line) ? true : undefined),
    readyWithinMs: READY_LIMIT_MS,
  })
}

async function writtenKubeconfig(server: ApiServer): Promise<string> {
  const file = join(server.directory, 'controllers.yaml')
  await writeFile(file, controllersKubeconfig(server))
  return file
}
