/** Numbers that look random and are the same in every run, so that a failure of a property test can be seen again. */

export type Random = {
  /** A whole number from 0 up to, and without, `end`. */
  readonly below: (end: number) => number
  readonly shuffle: <T>(items: readonly T[]) => T[]
}

/** Mulberry32: small, and good enough to spread over cases. */
export function seededRandom(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  return {
    below,
    shuffle: (items) =>
      items
        .map((item) => ({ item, at: next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ item }) => item),
  }
}
