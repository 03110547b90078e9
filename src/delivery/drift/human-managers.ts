/**
 * The managers whose fields are changes by hand: kubectl in all its commands, and `before-first-apply`, under which the
 * server keeps what was there before it tracked managers. Controllers, the status and the scale never count: their
 * fields are the cluster's own work.
 */
import type { FieldPath } from './field-path.ts'
import type { ManagedEntry } from './managed-fields.ts'

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

const KUBECTL = /^kubectl(?:-|$)/
const BEFORE_FIRST_APPLY = 'before-first-apply'
/** They sent an object as a whole, so that they own its defaults, too. */
const WHOLE_WRITERS = new Set([
  'kubectl-client-side-apply',
  'kubectl-create',
  'kubectl-run',
  'kubectl-expose',
  'kubectl-autoscale',
  'kubectl',
  'helm',
  BEFORE_FIRST_APPLY,
])

/** Labels and annotations that the cluster writes, also under the name of the one who made the object. */
const OF_THE_CLUSTER = [
  'deployment.kubernetes.io/',
  'deprecated.daemonset.template.generation',
  'pv.kubernetes.io/',
  'volume.kubernetes.io/',
  'volume.beta.kubernetes.io/',
  'kubernetes.io/metadata.name',
]
/**
 * `kubectl rollout restart` writes it. It asks for new Pods once, and says nothing about how they should be. Removing
 * it would restart them again. So it isn't drift, and stays.
 */
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt'
const METADATA_FIELDS = new Set(['labels', 'annotations'])

/** @param also further managers, such as `helm`. */
export function isHuman({ manager, subresource }: ManagedEntry, also: readonly string[] = []): boolean {
  if (subresource !== '') return false
  return KUBECTL.test(manager) || manager === BEFORE_FIRST_APPLY || also.includes(manager)
}

export function isWholeWriter({ manager, operation }: ManagedEntry): boolean {
  return operation === 'Update' && WHOLE_WRITERS.has(manager)
}

/** Whether a field is for the delivery to decide; the others stay with their managers. */
export function isDelivered(path: FieldPath): boolean {
  const names = path.map((step) => (step.kind === 'field' ? step.name : ''))
  const [first = '', second, third] = names
  if (first === 'status' || first === 'apiVersion' || first === 'kind') return false
  if (first === 'metadata' && second !== undefined && !METADATA_FIELDS.has(second)) return false
  if (first === 'metadata' && third !== undefined)
    return !OF_THE_CLUSTER.some((prefix) => third.startsWith(prefix))
  return names.at(-1) !== RESTARTED_AT || names.at(-2) !== 'annotations'
}
