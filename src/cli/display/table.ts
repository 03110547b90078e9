/** Rows as aligned columns for a terminal. */

export type Column = {
  readonly title: string
  readonly align: 'left' | 'right'
}

const GAP = '  '
/** A column that is cut keeps at least this. */
const MIN_WIDTH = 8

/**
 * @param rows each as long as the columns.
 * @param width of the terminal. The widest columns are cut until lines fit.
 * @returns lines, the titles first; no lines where there are no rows.
 */
export function tableOf(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  if (rows.length === 0) return []
  const all = [columns.map(({ title }) => title), ...rows]
  const widths = fitted(
    columns.map((_, i) => all.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), 0)),
    width - GAP.length * (columns.length - 1),
  )
  return all.map((row) =>
    columns
      .map(({ align }, i) => {
        const cell = fitText(row[i] ?? '', widths[i] ?? 0)
        return align === 'left' ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)
      })
      .join(GAP)
      .trimEnd(),
  )
}

/** Every column keeps its width up to a limit, which is the largest that fits. */
function fitted(widths: readonly number[], room: number): readonly number[] {
  let limit = Math.max(...widths)
  const sum = (): number => widths.reduce((total, one) => total + Math.min(one, limit), 0)
  while (limit > MIN_WIDTH && sum() > room) limit -= 1
  return widths.map((one) => Math.min(one, limit))
}

/** Cuts a text that is wider. */
export function fitText(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text
}
