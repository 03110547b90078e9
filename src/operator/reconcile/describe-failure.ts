/** Turns what failed into a condition: a reason for programs, a message for people, and whether to try again soon. */
import { RegistryError } from '../../core/errors/errors.ts'
import { messageChain } from '../../core/errors/error-chain.ts'
import { DeliveryError, type DeliveryErrorKind } from '../../delivery/delivery-error.ts'
import { describeProblem } from '../../delivery/set/object-set.ts'
import { KubernetesError, type KubernetesErrorKind } from '../../kubernetes/client/kubernetes-error.ts'
import { SourceError } from '../source/source-error.ts'

/** A profile that can't be delivered as it is, for a reason of the operator's own. */
export class ProfileError extends Error {
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.name = 'ProfileError'
    this.reason = reason
  }
}

export type Failure = {
  readonly reason: string
  readonly message: string
  /** Whether somebody must change something before it gets better. */
  readonly isStalled: boolean
  /** Whether it may get better while the profile and its source stay: by its target, or by another profile. */
  readonly mayPass: boolean
  /** Whether the source is the cause, and not the target. */
  readonly isOfSource: boolean
}

const DELIVERY_REASONS = {
  invalid: { reason: 'InvalidObjects', isStalled: true, mayPass: false },
  'no-such-kind': { reason: 'NoSuchKind', isStalled: true, mayPass: true },
  refused: { reason: 'Refused', isStalled: false, mayPass: true },
  shrink: { reason: 'WouldShrink', isStalled: true, mayPass: false },
  owned: { reason: 'OwnedByAnother', isStalled: true, mayPass: true },
  superseded: { reason: 'Superseded', isStalled: false, mayPass: true },
  'not-found': { reason: 'NoSuchGeneration', isStalled: true, mayPass: false },
} as const satisfies Record<DeliveryErrorKind, { reason: string; isStalled: boolean; mayPass: boolean }>

const TARGET_REASONS: Partial<Record<KubernetesErrorKind, string>> = {
  configuration: 'InvalidTarget',
  unauthorized: 'TargetUnauthorized',
  forbidden: 'TargetForbidden',
  denied: 'Refused',
  invalid: 'Refused',
  'no-such-kind': 'NoSuchKind',
}
/** Flags of the command line in messages of the core, and the fields that mean the same. */
const FIELDS: readonly (readonly [string, string])[] = [
  ['--allow-empty', 'spec.allowEmpty: true'],
  ['--allow-shrink', 'spec.allowShrink: true'],
  ['--adopt', 'spec.adopt: true'],
]
const MAX_PROBLEMS = 5

export function describeFailure(error: unknown): Failure {
  if (error instanceof ProfileError)
    return { reason: error.reason, message: error.message, isStalled: true, mayPass: true, isOfSource: false }
  if (error instanceof SourceError) {
    const { reason, message, isFinal } = error
    return { reason, message, isStalled: isFinal, mayPass: !isFinal, isOfSource: true }
  }
  if (error instanceof DeliveryError) return describeDelivery(error)
  if (error instanceof KubernetesError)
    return {
      reason: TARGET_REASONS[error.kind] ?? 'TargetUnreachable',
      message: error.message,
      isStalled: error.kind === 'configuration',
      mayPass: true,
      isOfSource: false,
    }
  if (error instanceof RegistryError) {
    const { message } = error
    return { reason: 'InvalidObjects', message, isStalled: true, mayPass: false, isOfSource: false }
  }
  return {
    reason: 'Defect',
    message: messageChain(error),
    isStalled: false,
    mayPass: true,
    isOfSource: false,
  }
}

function describeDelivery(error: DeliveryError): Failure {
  const { cause, problems } = error
  // The record of a set lies in the namespace of the set.
  if (error.kind === 'superseded' && cause instanceof KubernetesError && cause.kind === 'not-found')
    return {
      reason: 'NoTargetNamespace',
      message: `${cause.message}: make the namespace in the target, or name another one by spec.targetNamespace`,
      isStalled: false,
      mayPass: true,
      isOfSource: false,
    }
  const shown = problems.slice(0, MAX_PROBLEMS).map(describeProblem)
  const more = problems.length > MAX_PROBLEMS ? [`and ${problems.length - MAX_PROBLEMS} more`] : []
  const text = [error.message, ...shown, ...more].join('\n')
  const message = FIELDS.reduce((changed, [flag, field]) => changed.replaceAll(flag, field), text)
  return { ...DELIVERY_REASONS[error.kind], message, isOfSource: false }
}
