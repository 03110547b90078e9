/**
 * Limits how often a profile is corrected at once. A controller that deletes an object each time it is made would else keep
 * both sides busy without end; beyond the limit the drift is reported, and corrected when the next look is due.
 */

/** People who try something out edit a few times. */
const MAX_CORRECTIONS = 10
const WINDOW_MS = 60_000

export class CorrectionLimit {
  readonly #times = new Map<string, readonly number[]>()

  /** @param key of the profile. @param now milliseconds. @returns whether it may be corrected now, which counts. */
  take(key: string, now: number): boolean {
    const recent = (this.#times.get(key) ?? []).filter((time) => now - time < WINDOW_MS)
    const isAllowed = recent.length < MAX_CORRECTIONS
    this.#times.set(key, isAllowed ? [...recent, now] : recent)
    return isAllowed
  }

  forget(key: string): void {
    this.#times.delete(key)
  }
}
