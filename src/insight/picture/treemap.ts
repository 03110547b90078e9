/**
 * Divides a rectangle among values: each gets an area that is its share, as close to a square as may be (Bruls, Huizing
 * and van Wijk, "Squarified treemaps", 2000).
 */
export type Rectangle = {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** @param values positive, largest first. @returns a rectangle for each. */
export function treemap(values: readonly number[], area: Rectangle): readonly Rectangle[] {
  const total = values.reduce((sum, value) => sum + value, 0)
  if (total <= 0 || area.width <= 0 || area.height <= 0) return values.map(() => ({ ...area, width: 0 }))
  const scale = (area.width * area.height) / total
  const placed: Rectangle[] = []
  let rest = area
  for (let start = 0; start < values.length;) {
    const side = Math.min(rest.width, rest.height)
    const end = endOfRow(values, start, side, scale)
    const row = values.slice(start, end)
    const sum = row.reduce((all, value) => all + value, 0)
    const depth = side === 0 ? 0 : (sum * scale) / side
    placed.push(...placeRow(row, rest, (value) => (side * value) / sum, depth))
    rest =
      rest.width >= rest.height
        ? { ...rest, x: rest.x + depth, width: Math.max(0, rest.width - depth) }
        : { ...rest, y: rest.y + depth, height: Math.max(0, rest.height - depth) }
    start = end
  }
  return placed
}

/** A row takes more values for as long as its worst shape gets no worse. */
function endOfRow(values: readonly number[], start: number, side: number, scale: number): number {
  let sum = values[start] ?? 0
  const largest = sum
  let worst = Infinity
  for (let end = start + 1; ; end += 1) {
    const smallest = values[end - 1] ?? 0
    const area = sum * scale
    const ratio = Math.max(
      (side ** 2 * largest * scale) / area ** 2,
      area ** 2 / (side ** 2 * smallest * scale),
    )
    if (ratio > worst) return end - 1
    if (end === values.length) return end
    worst = ratio
    sum += values[end] ?? 0
  }
}

function placeRow(
  row: readonly number[],
  rest: Rectangle,
  lengthOf: (value: number) => number,
  depth: number,
): readonly Rectangle[] {
  const placed: Rectangle[] = []
  let at = 0
  for (const value of row) {
    const length = lengthOf(value)
    placed.push(
      rest.width >= rest.height
        ? { x: rest.x, y: rest.y + at, width: depth, height: length }
        : { x: rest.x + at, y: rest.y, width: length, height: depth },
    )
    at += length
  }
  return placed
}
