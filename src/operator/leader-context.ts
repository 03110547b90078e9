/** Puts the parts together that the operator which leads works with. */
import { EndlessDifferences } from '../delivery/drift/endless-difference.ts'
import { keyOf } from '../delivery/set/object-name.ts'
import type { Cluster } from '../kubernetes/client/cluster.ts'
import { kubernetesCluster } from '../kubernetes/client/kubernetes-cluster.ts'
import { CorrectionLimit } from './drift/correction-limit.ts'
import { EventRecorder } from './events/event-recorder.ts'
import type { OperatorOptions } from './operator-options.ts'
import type { OperatorContext } from './reconcile/operator-context.ts'
import type { OperatorMetrics } from './service/operator-metrics.ts'
import { keptGenerations } from './source/kept-generations.ts'
import { loadSource } from './source/load-source.ts'
import { StatusWriter } from './status/status-writer.ts'
import { Targets } from './target/targets.ts'

export type LeaderParts = {
  readonly own: Cluster
  readonly ownIdentity: string
  /** A name that no other process has. */
  readonly instance: string
  readonly metrics: OperatorMetrics
}

export function leaderContext(
  {
    store,
    policy,
    log,
    makeApp,
    makeEntry,
    warm,
    buildOf,
    stateDirectory,
    access,
    defaultServiceAccount,
  }: OperatorOptions,
  { own, ownIdentity, instance, metrics }: LeaderParts,
  {
    onSuspect,
    ...found
  }: Pick<OperatorContext, 'profiles' | 'profile'> & {
    readonly onSuspect: (user: string, object: string) => void
  },
): OperatorContext {
  return {
    ...found,
    own,
    ownIdentity,
    targets: new Targets({
      own,
      ownAccess: access,
      defaultServiceAccount,
      connect: (one) => kubernetesCluster(one),
      onSuspect: (user, object) => onSuspect(user, keyOf(object)),
    }),
    load: async (source, onWork, signal) =>
      loadSource(source, { store, policy, makeApp, makeEntry, onWork, signal }),
    warm,
    buildOf,
    generationHooks: keptGenerations(store, stateDirectory, (error) =>
      log.warn({ err: error }, 'a generation is not kept in the store'),
    ),
    status: new StatusWriter(own),
    events: new EventRecorder(own, { instance, onTrouble: (error) => log.warn({ err: error }, 'an event') }),
    endless: new EndlessDifferences(),
    corrections: new CorrectionLimit(),
    metrics,
    log,
  }
}
