/** One line of the table. */
export type Figure = {
  readonly name: string
  /** As a person reads it, with its unit. */
  readonly value: string
  /** The same as a number, in the unit of `value`. */
  readonly number: number
  readonly target: string
  /** Nothing where there is no target. */
  readonly isMet: boolean | undefined
  /** What stands behind it, such as both sides of a ratio. */
  readonly note: string
}

export async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const start = performance.now()
  const result = await work()
  return { ms: performance.now() - start, result }
}

/** The middle one: these machines are shared, and one slow round says nothing. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
