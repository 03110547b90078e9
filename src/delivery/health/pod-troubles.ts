/** The reasons in a Pod's status why it isn't ready. */
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import { conditionOf, numberAt } from './conditions.ts'

export type PodTroubles = {
  /** Without the Pod's name, so that Pods with the same troubles can be told together. */
  readonly texts: readonly string[]
  /** Images that could not be pulled. */
  readonly images: readonly string[]
}

/** States of each container that starts. */
const USUAL = new Set(['ContainerCreating', 'PodInitializing'])
const PULL_FAILURES = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])
const LISTS = [
  ['initContainerStatuses', 'initContainers'],
  ['containerStatuses', 'containers'],
] as const

/** Whether a Pod needs no explanation. */
export function isPodFine(pod: LiveObject): boolean {
  return textAt(pod, 'status', 'phase') === 'Succeeded' || conditionOf(pod, 'Ready')?.status === 'True'
}

export function podTroubles(pod: LiveObject): PodTroubles {
  const texts: string[] = []
  const images: string[] = []
  const scheduled = conditionOf(pod, 'PodScheduled')
  if (scheduled?.status === 'False') texts.push(`${scheduled.reason}: ${scheduled.message}`)
  const [reason, message] = [textAt(pod, 'status', 'reason'), textAt(pod, 'status', 'message')]
  if (reason !== undefined || message !== undefined)
    texts.push([reason, message].filter((part) => part !== undefined).join(': '))
  for (const [statuses, containers] of LISTS) {
    for (const status of listAt(pod, 'status', statuses)) {
      const name = textAt(status, 'name') ?? ''
      const text = containerText(status)
      if (text !== undefined) texts.push(`container ${name}: ${text}`)
      if (!PULL_FAILURES.has(textAt(status, 'state', 'waiting', 'reason') ?? '')) continue
      const container = listAt(pod, 'spec', containers).find((one) => textAt(one, 'name') === name)
      const image = textAt(container, 'image') ?? textAt(status, 'image')
      if (image !== undefined) images.push(image)
    }
  }
  return { texts, images }
}

function containerText(status: Json): string | undefined {
  const waiting = textAt(status, 'state', 'waiting', 'reason')
  const last = fieldAt(status, 'lastState', 'terminated')
  if (waiting === 'CrashLoopBackOff') {
    const restarts = numberAt(status, 0, 'restartCount')
    return `${waiting}: ${exitText(last)}, restarted ${restarts} times`
  }
  if (waiting !== undefined) {
    if (USUAL.has(waiting)) return undefined
    return [waiting, textAt(status, 'state', 'waiting', 'message')]
      .filter((part) => part !== undefined)
      .join(': ')
  }
  const ended = fieldAt(status, 'state', 'terminated')
  if (ended !== undefined) return numberAt(ended, 0, 'exitCode') === 0 ? undefined : exitText(ended)
  const isRunning = fieldAt(status, 'state', 'running') !== undefined
  return isRunning && fieldAt(status, 'ready') === false ? 'runs, and is not ready' : undefined
}

/** `exit code 1 (Error): cannot open /config`. */
function exitText(ended: Json | undefined): string {
  const reason = textAt(ended, 'reason')
  const message = textAt(ended, 'message')
  return [
    `exit code ${numberAt(ended ?? null, 0, 'exitCode')}`,
    reason === undefined ? '' : ` (${reason})`,
    message === undefined ? '' : `: ${message}`,
  ].join('')
}
