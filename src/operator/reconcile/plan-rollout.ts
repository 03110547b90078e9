/** Decides which clusters of a DeliverySet get a change now. */
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import { conditionOf, readConditions } from '../status/conditions.ts'
import { isReady } from './dependencies.ts'
import { digestOf, type Member } from './set-members.ts'

type ClusterState = 'waiting' | 'progressing' | 'ready' | 'failed'

type ClusterProgress = {
  readonly cluster: string
  readonly state: ClusterState
  readonly message: string | undefined
}

export type Rollout = {
  readonly progress: readonly ClusterProgress[]
  /** Profiles that are to be written now. */
  readonly next: readonly Member[]
  /** The cluster whose failure halts the roll-out. */
  readonly haltedBy: ClusterProgress | undefined
  readonly updated: number
  readonly ready: number
  readonly failed: number
}

type Rules = { readonly atOnce: number; readonly stopsAtFailure: boolean; readonly isSuspended: boolean }

/** @param members in the order of their clusters. */
export function planRollout(
  members: readonly Member[],
  find: (member: Member) => LiveObject | undefined,
  { atOnce, stopsAtFailure, isSuspended }: Rules,
): Rollout {
  const clusters = Map.groupBy(members, ({ cluster }) => cluster)
  const progress = [...clusters].map(([cluster, own]) => progressOf(cluster, own, find))
  const haltedBy = stopsAtFailure ? progress.find(({ state }) => state === 'failed') : undefined
  const busy = progress.filter(({ state }) => state === 'progressing').length
  const room = isSuspended || haltedBy !== undefined ? 0 : Math.max(0, atOnce - busy)
  const begun = new Set(
    progress
      .filter(({ state }) => state === 'waiting')
      .slice(0, room)
      .map(({ cluster }) => cluster),
  )
  const states = members.map((member) => stateOf(member, find(member)))
  const count = (...wanted: readonly ClusterState[]): number =>
    states.filter(({ state }) => wanted.includes(state)).length
  return {
    progress: progress.map((one) => (begun.has(one.cluster) ? { ...one, state: 'progressing' } : one)),
    next: members.filter(
      (member) => begun.has(member.cluster) && stateOf(member, find(member)).state === 'waiting',
    ),
    haltedBy,
    updated: count('progressing', 'ready', 'failed'),
    ready: count('ready'),
    failed: count('failed'),
  }
}

function progressOf(
  cluster: string,
  members: readonly Member[],
  find: (member: Member) => LiveObject | undefined,
): ClusterProgress {
  const states = members.map((member) => stateOf(member, find(member)))
  // A failure counts before what still waits, and what waits before what goes on.
  for (const state of ['failed', 'waiting', 'progressing'] as const) {
    const found = states.find((one) => one.state === state)
    if (found !== undefined) return { cluster, ...found }
  }
  return { cluster, state: 'ready', message: undefined }
}

function stateOf(
  { digest }: Member,
  live: LiveObject | undefined,
): { readonly state: ClusterState; readonly message: string | undefined } {
  if (live === undefined || digestOf(live) !== digest) return { state: 'waiting', message: undefined }
  if (isReady(live)) return { state: 'ready', message: undefined }
  const ready = conditionOf(readConditions(live['status']), 'Ready')
  const isJudged = ready?.status === 'False' && ready.observedGeneration === live.metadata['generation']
  // Profiles wait for each other in the course of things.
  if (!isJudged || ready.reason === 'DependencyNotReady') return { state: 'progressing', message: undefined }
  return { state: 'failed', message: `${live.metadata.name}: ${ready.message}` }
}
