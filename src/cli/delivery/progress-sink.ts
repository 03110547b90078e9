/** The place where the progress of a delivery is shown. */
import type { DeliveryResult } from '../../delivery/deliver.ts'
import type { Progress } from '../display/warm-progress.ts'
import type { OnDeliveryEvent } from '../../delivery/delivery-event.ts'

export type ProgressSink = {
  readonly onEvent: OnDeliveryEvent
  /** Hears of an image each time that something about it changed. */
  readonly onImage: (progress: Progress) => void
  /** Prints the last line. */
  readonly end: (text: string, result: DeliveryResult) => void
  readonly close: () => void
}
