/** The operator: a leader works on DeliveryProfiles and DeliverySets, and other processes wait to take its place. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Cluster } from '../kubernetes/client/cluster.ts'
import { kubernetesCluster } from '../kubernetes/client/kubernetes-cluster.ts'
import { whileLeading } from '../kubernetes/client/lease.ts'
import { Leader } from './leader.ts'
import type { OperatorOptions } from './operator-options.ts'
import { openEndpoints } from './service/endpoints.ts'
import { OperatorMetrics } from './service/operator-metrics.ts'

/** As Kubernetes' own programs have it: a leader gives up before others take the Lease, and tries several times. */
const RENEW_PART = 2 / 3
const TRIES_PER_LEASE = 7.5
const ASK_AGAIN_MS = 2000

/** Runs until the signal ends it, and has released its Lease then. @throws errors of the network for `listen`. */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { access, lease, log, listen } = options
  const own = kubernetesCluster(access)
  const metrics = new OperatorMetrics()
  const identity = `${hostname()}_${randomUUID()}`
  let isReached = false
  let leader: Leader | undefined
  metrics.watch(() => leader?.figures ?? { waiting: 0, running: 0, targets: 0, isLeading: false })
  const endpoints = listen === undefined ? undefined : await openEndpoints(listen, metrics, () => isReached)
  if (endpoints !== undefined) log.info({ url: endpoints.url }, 'metrics and health')
  try {
    const ownIdentity = await untilKnown(own, signal, log)
    if (ownIdentity === undefined) return
    isReached = true
    await whileLeading(
      own,
      {
        ...lease,
        identity,
        renewMs: Math.round(lease.durationMs * RENEW_PART),
        retryMs: Math.round(lease.durationMs / TRIES_PER_LEASE),
        onTrouble: (error) => log.warn({ err: error }, 'the Lease'),
      },
      async (leading) => {
        log.info({ identity }, 'leading')
        leader = new Leader(options, { own, ownIdentity, instance: identity, metrics })
        await leader.run(leading)
        leader = undefined
        log.info({ identity }, 'no longer leading')
      },
      signal,
    )
  } finally {
    own.close()
    await endpoints?.close()
  }
}

/** @returns the identity of the cluster, or nothing where the signal came first. */
async function untilKnown(own: Cluster, signal: AbortSignal, log: Logger): Promise<string | undefined> {
  while (!signal.aborted) {
    try {
      return await own.identity()
    } catch (error) {
      log.warn({ err: error, server: own.server }, 'the cluster of the operator does not answer')
      await delay(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  return undefined
}
