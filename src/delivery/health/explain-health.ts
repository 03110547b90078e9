/**
 * Explains why an object isn't healthy, as people would find out: its conditions, the Pods that it made or couldn't
 * make, their containers, the newest warnings, and the failed build behind an image that can't be pulled.
 */
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { conditionText, conditionsOf, type Condition } from './conditions.ts'
import { isPodFine, podTroubles, type PodTroubles } from './pod-troubles.ts'
import type { BuildOf } from './registry-builds.ts'
import { warningEvents } from './warning-events.ts'
import { workloadPods, type WorkloadPods } from './workload-pods.ts'

export type ExplainOptions = {
  /** Asks the registry about an image that can't be pulled. Default: nobody is asked. */
  readonly buildOf?: BuildOf | undefined
  readonly signal?: AbortSignal | undefined
}

const MAX_LINES = 24
const LINE_LENGTH = 500
/** Pods with other troubles than these are left out. */
const MAX_POD_GROUPS = 3
const MAX_IMAGES = 2
const MAX_EVENTS = 2
/** Conditions that are bad news while they are true. */
const BAD_IF_TRUE = new Set([
  'ReplicaFailure',
  'Failed',
  'Stalled',
  // Of a Namespace that is deleted.
  'NamespaceContentRemaining',
  'NamespaceFinalizersRemaining',
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionContentFailure',
])
const BAD_IF_FALSE = new Set([
  'Ready',
  'Available',
  'Progressing',
  'Established',
  'NamesAccepted',
  'AbleToScale',
])

/**
 * Makes at most four requests to the cluster, and two to the registry. What may not be read is left out.
 * @returns lines for people, the cause first; those that belong to the line before begin with spaces.
 */
export async function explainHealth(
  cluster: Cluster,
  object: LiveObject,
  { buildOf, signal }: ExplainOptions = {},
): Promise<readonly string[]> {
  const { pods, replicaSet } = await podsOrNone(cluster, object, signal)
  const troubled = pods.filter((pod) => !isPodFine(pod))
  const groups = groupPods(troubled).slice(0, MAX_POD_GROUPS)
  const lines = [
    ...conditionsOf(object).filter(isBad).map(conditionText),
    ...(replicaSet === undefined ? [] : refusals(replicaSet)),
  ]
  const images = new Set<string>()
  for (const { names, troubles } of groups) {
    lines.push(...troubles.texts.map((text) => `${podsText(names)}: ${text}`))
    for (const image of troubles.images) images.add(image)
  }
  lines.push(...(await buildLines([...images].slice(0, MAX_IMAGES), buildOf, signal)))
  const [worst] =
    groups.length > 0 ? troubled.filter(({ metadata }) => metadata.name === groups[0]?.names[0]) : []
  for (const one of new Set([object, ...(worst === undefined ? [] : [worst])]))
    lines.push(...(await eventLines(cluster, one, lines, signal)))
  return [...new Set(lines.map(shorten))].slice(0, MAX_LINES)
}

async function podsOrNone(
  cluster: Cluster,
  object: LiveObject,
  signal: AbortSignal | undefined,
): Promise<WorkloadPods> {
  try {
    return await workloadPods(cluster, object, signal)
  } catch (error) {
    if (error instanceof KubernetesError) return { pods: [] }
    throw error
  }
}

type PodGroup = { readonly names: readonly string[]; readonly troubles: PodTroubles }

/** Pods with the same troubles, the most numerous first. Those without any come last, since events may explain them. */
function groupPods(pods: readonly LiveObject[]): readonly PodGroup[] {
  const all = pods.map((pod) => ({ name: pod.metadata.name, troubles: podTroubles(pod) }))
  const groups = Map.groupBy(all, ({ troubles }) => JSON.stringify(troubles.texts))
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group
      return first === undefined ? [] : [{ names: group.map(({ name }) => name), troubles: first.troubles }]
    })
    .toSorted((a, b) => rank(b) - rank(a))
}

function rank({ names, troubles }: PodGroup): number {
  return troubles.texts.length === 0 ? 0 : names.length
}

function podsText([first = '', ...others]: readonly string[]): string {
  return `Pod ${first}${others.length === 0 ? '' : ` and ${others.length} more`}`
}

/** A quota or a webhook refuses Pods in the ReplicaSet, and nowhere else. */
function refusals(replicaSet: LiveObject): readonly string[] {
  return conditionsOf(replicaSet)
    .filter(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
    .map(({ reason, message }) => `ReplicaSet ${replicaSet.metadata.name}: ${reason}: ${message}`)
}

async function buildLines(
  images: readonly string[],
  buildOf: BuildOf | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (buildOf === undefined) return []
  const answers = await Promise.all(images.map(async (image) => buildOf(image, signal)))
  return answers.flatMap((answer) => answer?.split('\n').map((line) => `  ${line}`) ?? [])
}

/** Warnings that say what no line says yet. */
async function eventLines(
  cluster: Cluster,
  object: LiveObject,
  lines: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const events = await warningEvents(cluster, object, MAX_EVENTS, signal)
  return events
    .filter(({ message }) => !lines.some((line) => line.includes(message)))
    .map(({ reason, message, count }) => {
      const times = count === 1 ? '' : ` (${count} times)`
      return `${object.kind} ${object.metadata.name}: ${reason}${times}: ${message}`
    })
}

function isBad({ type, status }: Condition): boolean {
  return (status === 'True' && BAD_IF_TRUE.has(type)) || (status !== 'True' && BAD_IF_FALSE.has(type))
}

/** One line, of a length that a terminal can show. */
function shorten(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, ' ')
  return line.length <= LINE_LENGTH ? line : `${line.slice(0, LINE_LENGTH - 3)}...`
}
