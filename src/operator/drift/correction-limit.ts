/**
 * Limits how often an object is corrected at once. A controller that deletes it each time it is made would else keep both
 * sides busy without end; beyond the limit the drift is reported, and corrected when the next look is due.
 */

/** People who try something out edit a few times. */
const MAX_CORRECTIONS = 10
const WINDOW_MS = 60_000

export class CorrectionLimit {
  /** The times of corrections, by profile and object. */
  readonly #times = new Map<string, ReadonlyMap<string, readonly number[]>>()

  /**
   * @param profile its key. @param objects keys of the objects that differ. @param now milliseconds.
   * @returns whether they may be corrected now, which counts.
   */
  take(profile: string, objects: readonly string[], now: number): boolean {
    const recent = new Map<string, readonly number[]>()
    for (const [object, times] of this.#times.get(profile) ?? []) {
      const kept = times.filter((time) => now - time < WINDOW_MS)
      if (kept.length > 0) recent.set(object, kept)
    }
    const isAllowed = objects.every((object) => (recent.get(object)?.length ?? 0) < MAX_CORRECTIONS)
    if (isAllowed) for (const object of objects) recent.set(object, [...(recent.get(object) ?? []), now])
    this.#times.set(profile, recent)
    return isAllowed
  }

  forget(profile: string): void {
    this.#times.delete(profile)
  }
}
