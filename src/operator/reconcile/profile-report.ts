/** Collects what is known of a profile while it is reconciled, and tells it by status and events. */
import type { SetName } from '../../delivery/set/object-set.ts'
import { keyOfName } from '../definitions/operator-kinds.ts'
import type { DeliveryProfile } from '../definitions/delivery-profile.ts'
import type { EventKind } from '../events/event-recorder.ts'
import { conditionOf, withConditions, type NewCondition } from '../status/conditions.ts'
import { readStatus, writtenStatus, type ProfileStatus } from '../status/profile-status.ts'
import type { OperatorContext } from './operator-context.ts'

export class ProfileReport {
  readonly key: string
  readonly profile: DeliveryProfile
  readonly #context: Pick<OperatorContext, 'status' | 'events' | 'log'>
  #status: ProfileStatus

  constructor(profile: DeliveryProfile, context: Pick<OperatorContext, 'status' | 'events' | 'log'>) {
    this.key = keyOfName(profile.name)
    this.profile = profile
    this.#context = context
    this.#status = readStatus(context.status.current(profile.live))
  }

  get status(): ProfileStatus {
    return this.#status
  }

  /** Whether the profile was delivered well as its spec is now. */
  get isInOrder(): boolean {
    const ready = conditionOf(this.#status.conditions, 'Ready')
    return ready?.status === 'True' && ready.observedGeneration === this.profile.generation
  }

  get name(): SetName {
    return this.profile.name
  }

  set(facts: Partial<ProfileStatus>): void {
    this.#status = { ...this.#status, ...facts }
  }

  /** Sets conditions. Reconciling and Stalled end where they aren't among them. */
  conditions(...next: readonly NewCondition[]): void {
    const ended = (['Reconciling', 'Stalled'] as const).map(
      (type) => ({ type, status: 'False', reason: '', message: '' }) as const,
    )
    const { generation } = this.profile
    this.#status = {
      ...this.#status,
      observedGeneration: generation,
      conditions: withConditions(this.#status.conditions, [...ended, ...next], {
        generation,
        now: Date.now(),
      }),
    }
  }

  event(kind: EventKind, reason: string, note: string): void {
    this.#context.events.record(this.profile.live, kind, reason, note)
    this.#context.log[kind === 'Warning' ? 'warn' : 'info']({ profile: this.key, reason, note }, 'profile')
  }

  /** @throws KubernetesError. */
  async write(signal?: AbortSignal): Promise<void> {
    await this.#context.status.write(this.profile.live, writtenStatus(this.#status), signal)
  }
}
