/** Chooses the generation that a rollback without a number goes back to. */
import { currentGeneration, type DeliveryRecord } from '../inventory/delivery-record.ts'

/** @returns the number of the newest generation before the current one that was delivered whole, and has other objects. */
export function previousGeneration(record: DeliveryRecord | undefined): number | undefined {
  if (record === undefined) return undefined
  const { history, attempt } = record
  const current = currentGeneration(record)
  // A delivery that has begun is in no history yet: the last whole one is what was there before.
  const isNewest = attempt !== undefined && attempt.generation !== current?.generation
  const candidates = isNewest ? history : history.slice(0, -1)
  return candidates.findLast(
    ({ outcome, content }) => outcome === 'delivered' && (isNewest || content !== current?.content),
  )?.generation
}
