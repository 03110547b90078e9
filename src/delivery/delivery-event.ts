/** The progress of a delivery, for a table on a terminal, lines of JSON, and events of an operator. */
import type { ObjectName } from '../kubernetes/client/cluster.ts'
import type { WaitedHealth } from './health/wait-healthy.ts'
import type { Change } from './plan/check-object.ts'
import type { StageKind } from './plan/stages.ts'

export type ObjectOutcome =
  | 'created'
  | 'changed'
  /** Its values were right, and some fields got the set as their owner. */
  | 'owned'
  | 'recreated'
  | 'unchanged'
  | 'deleted'

export type DeliveryEvent =
  /** The plan is made. */
  | {
      readonly kind: 'planned'
      readonly objects: readonly {
        readonly name: ObjectName
        readonly stage: StageKind
        readonly change: Change['kind']
      }[]
      /** The number of objects that will be deleted. */
      readonly deletions: number
    }
  | { readonly kind: 'stage'; readonly stage: StageKind; readonly wave: number }
  | { readonly kind: 'object'; readonly name: ObjectName; readonly outcome: ObjectOutcome }
  | { readonly kind: 'health'; readonly name: ObjectName; readonly health: WaitedHealth }
  /** Something that people should know, such as an object that stays. */
  | { readonly kind: 'note'; readonly message: string }

export type OnDeliveryEvent = (event: DeliveryEvent) => void
