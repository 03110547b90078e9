/** Tells what came of a delivery, and of a look for drift, by conditions, status and events. */
import type { DeliveryResult } from '../../delivery/deliver.ts'
import type { Drift } from '../../delivery/find-drift.ts'
import type { JudgedDrift } from '../../delivery/judge-drift.ts'
import type { DeliveryRecord } from '../../delivery/inventory/delivery-record.ts'
import { displayName } from '../../delivery/set/object-name.ts'
import { deliveredFacts, driftFacts } from '../status/profile-status.ts'
import type { ProfileReport } from './profile-report.ts'

export type SeenDrift = {
  readonly drift: readonly Drift[]
  readonly outcome: 'none' | 'corrected' | 'reported'
  /** Differences that come back after each correction. */
  readonly endless: JudgedDrift['endless']
}

/** Objects and fields that a message names. */
const MAX_NAMED = 3

export function tellDelivered(
  record: DeliveryRecord | undefined,
  result: DeliveryResult,
  report: ProfileReport,
): void {
  report.set(deliveredFacts(record))
  const { generation, revision, objects = 0 } = report.status
  const [first, ...others] = result.unhealthy
  if (first !== undefined) {
    const more = others.length === 0 ? '' : `, and ${others.length} more`
    const message = `${displayName(first.name)}: ${first.health.reason}${more}`
    const whole = [message, ...first.reasons].join('\n')
    report.conditions({ type: 'Ready', status: 'False', reason: 'Unhealthy', message: whole })
    report.event('Warning', 'Unhealthy', whole)
    return
  }
  const left = result.remaining.length === 0 ? '' : `; ${result.remaining.join('; ')}`
  report.conditions({
    type: 'Ready',
    status: 'True',
    reason: 'Delivered',
    message: `generation ${generation ?? 0}: ${objects} objects${left}`,
  })
  if (!result.isIdle)
    report.event('Normal', 'Delivered', `generation ${result.generation}: ${revision ?? ''}`)
}

export function tellDrift(report: ProfileReport, { drift, outcome, endless }: SeenDrift): void {
  const kept = report.status.conditions.filter(({ type }) => type === 'Stalled' || type === 'Reconciling')
  const message = describeDrift(drift)
  if (outcome === 'corrected') report.event('Normal', 'DriftCorrected', message)
  if (outcome === 'reported') report.event('Warning', 'Drifted', message)
  const comingBack = endless.map(describeEndless)
  for (const one of comingBack) report.event('Warning', 'DriftComesBack', one)
  report.set(driftFacts(outcome === 'reported' ? drift : []))
  report.conditions(
    ...kept,
    endless.length > 0
      ? { type: 'Drifted', status: 'True', reason: 'ComesBack', message: comingBack.join('\n') }
      : outcome === 'reported'
        ? { type: 'Drifted', status: 'True', reason: 'Drifted', message }
        : {
            type: 'Drifted',
            status: 'False',
            reason: 'NoDrift',
            message: 'the target is as it was delivered',
          },
  )
}

function describeEndless({ name, difference }: JudgedDrift['endless'][number]): string {
  const { readable, writer } = difference
  return `${displayName(name)}: ${readable} comes back after each correction, written by ${writer}: remove it from the manifest, or name it in spec.ignore`
}

function describeDrift(drift: readonly Drift[]): string {
  const named = drift.slice(0, MAX_NAMED).map(({ name, kind, reason, differences, foreign }) => {
    const fields = [...differences, ...foreign].slice(0, MAX_NAMED).map(({ readable }) => readable)
    const detail = reason ?? fields.join(', ')
    return `${displayName(name)} ${kind}${detail === '' ? '' : `: ${detail}`}`
  })
  return [...named, ...(drift.length > MAX_NAMED ? [`and ${drift.length - MAX_NAMED} more`] : [])].join('; ')
}
