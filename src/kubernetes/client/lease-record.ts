/** Reads and writes a Lease (coordination.k8s.io/v1) as Kubernetes' own programs do for the election of a leader. */
import { fieldAt, textAt } from '../../core/json-fields.ts'
import type { DesiredObject, LiveObject, ObjectName } from './cluster.ts'

export type LeaseName = { readonly namespace: string; readonly name: string }

export type LeaseRecord = {
  /** Empty where it was released. */
  readonly holder: string
  readonly durationMs: number
  readonly acquireTime: string
  readonly transitions: number
}

const API_VERSION = 'coordination.k8s.io/v1'
const KIND = 'Lease'
/** A record that was released can be taken at once (client-go, leaderelection, release). */
const RELEASED_SECONDS = 1

export function leaseObjectName({ namespace, name }: LeaseName): ObjectName {
  return { apiVersion: API_VERSION, kind: KIND, namespace, name }
}

export function readLease(lease: LiveObject): LeaseRecord {
  const spec = fieldAt(lease, 'spec')
  const seconds = fieldAt(spec, 'leaseDurationSeconds')
  const transitions = fieldAt(spec, 'leaseTransitions')
  return {
    holder: textAt(spec, 'holderIdentity') ?? '',
    durationMs: (typeof seconds === 'number' ? seconds : 0) * 1000,
    acquireTime: textAt(spec, 'acquireTime') ?? '',
    transitions: typeof transitions === 'number' ? transitions : 0,
  }
}

/**
 * Returns a Lease that a holder takes, or renews where it has it already.
 * @param before the Lease as it is. @param now milliseconds since 1970.
 */
export function takenLease(
  { namespace, name }: LeaseName,
  holder: string,
  durationMs: number,
  now: number,
  before?: LiveObject,
): DesiredObject {
  const record = before === undefined ? undefined : readLease(before)
  const isRenewed = record?.holder === holder
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: before?.metadata ?? { namespace, name },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1000)),
      acquireTime: isRenewed && record.acquireTime !== '' ? record.acquireTime : microTime(now),
      renewTime: microTime(now),
      leaseTransitions: record === undefined ? 0 : record.transitions + (isRenewed ? 0 : 1),
    },
  }
}

/** Returns a Lease that nobody holds. */
export function releasedLease(before: LiveObject, now: number): LiveObject {
  return {
    ...before,
    spec: {
      holderIdentity: '',
      leaseDurationSeconds: RELEASED_SECONDS,
      acquireTime: microTime(now),
      renewTime: microTime(now),
      leaseTransitions: readLease(before).transitions,
    },
  }
}

/** Kubernetes' MicroTime has six digits. */
function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z')
}
