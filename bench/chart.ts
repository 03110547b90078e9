/** Small charts as SVG, for pages in light and dark. Each has a title and a description for people who don't see it. */

type Chart = {
  readonly title: string
  /** All that the picture says, in words. */
  readonly description: string
}

export type LineChart = Chart & {
  readonly xName: string
  readonly yName: string
  /** Doubled or multiplied from one to the next: both axes are logarithmic. */
  readonly xs: readonly number[]
  readonly lines: readonly { readonly name: string; readonly ys: readonly number[] }[]
  /** A level that is marked. */
  readonly mark: { readonly name: string; readonly y: number }
}

export type BarChart = Chart & {
  readonly unit: string
  /** Whether lengths are logarithms. */
  readonly isLogarithmic: boolean
  readonly groups: readonly {
    readonly name: string
    readonly bars: readonly { readonly name: string; readonly value: number }[]
  }[]
}

const WIDTH = 720
const FONT = 13
const LEFT = 170
const RIGHT = 150
const BAR = 18
const GAP = 14
const TOP = 44
const PLOT = { left: 64, right: 600, top: 50, bottom: 300, height: 350 } as const
const DASHES = ['', '7 4', '2 4'] as const
const STYLE = `<style>
  text { font: ${FONT}px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .axis { stroke: #8c959f; fill: none } .mark { stroke: #59636e; stroke-dasharray: 3 3 }
  .c0 { --c: #0969da } .c1 { --c: #bc4c00 } .c2 { --c: #1a7f37 }
  .line { stroke: var(--c); fill: none; stroke-width: 2 } .dot, .bar { fill: var(--c) }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .axis { stroke: #6e7681 } .mark { stroke: #9198a1 }
    .c0 { --c: #58a6ff } .c1 { --c: #f0883e } .c2 { --c: #3fb950 }
  }
</style>`

export function barChart({ title, description, unit, isLogarithmic, groups }: BarChart): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)))
  const room = WIDTH - LEFT - RIGHT
  const lengthOf = (value: number) =>
    isLogarithmic ? (Math.log10(1 + value) / Math.log10(1 + most)) * room : (value / most) * room
  const parts: string[] = []
  let y = TOP
  for (const { name, bars } of groups) {
    parts.push(text(LEFT - 10, y + FONT, name, 'end'))
    bars.forEach((bar, i) => {
      const length = Math.max(1, lengthOf(bar.value))
      parts.push(
        `<rect class="bar c${i}" x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR - 3}"/>`,
        text(LEFT + length + 6, y + FONT - 1, `${bar.name} ${numberText(bar.value)} ${unit}`),
      )
      y += BAR
    })
    y += GAP
  }
  return svg({ title, description }, y, parts)
}

export function lineChart({ title, description, xName, yName, xs, lines, mark }: LineChart): string {
  const values = [mark.y, ...lines.flatMap(({ ys }) => ys)]
  const [low, high] = [Math.log10(Math.min(...values) / 1.3), Math.log10(Math.max(...values) * 1.3)]
  const xOf = (index: number) => PLOT.left + ((PLOT.right - PLOT.left) * index) / (xs.length - 1)
  const yOf = (value: number) =>
    PLOT.bottom - ((Math.log10(value) - low) / (high - low)) * (PLOT.bottom - PLOT.top)
  const ticks = [1, 10, 100, 1_000, 10_000].filter(
    (tick) => Math.log10(tick) >= low && Math.log10(tick) <= high,
  )
  const parts = [
    `<path class="axis" d="M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}"/>`,
    ...ticks.map((tick) => text(PLOT.left - 8, yOf(tick) + 4, numberText(tick), 'end')),
    ...xs.map((x, i) => text(xOf(i), PLOT.bottom + 20, String(x), 'middle')),
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 42, xName, 'middle'),
    text(8, PLOT.top - 8, yName),
    `<path class="mark" d="M${PLOT.left} ${yOf(mark.y).toFixed(1)}H${PLOT.right}"/>`,
  ]
  lines.forEach(({ ys }, i) => {
    const points = ys.map((y, at) => `${xOf(at).toFixed(1)} ${yOf(y).toFixed(1)}`)
    const dashes = DASHES[i % DASHES.length] === '' ? '' : ` stroke-dasharray="${DASHES[i % DASHES.length]}"`
    parts.push(`<path class="line c${i}"${dashes} d="M${points.join('L')}"/>`)
    for (const point of points) {
      const [cx, cy] = point.split(' ')
      parts.push(`<circle class="dot c${i}" cx="${cx}" cy="${cy}" r="3"/>`)
    }
  })
  const labels = [mark, ...lines.map(({ name, ys }) => ({ name, y: ys.at(-1) ?? 1 }))]
  let above = -Infinity
  for (const { name, y } of labels.toSorted((a, b) => b.y - a.y)) {
    // Names of lines that end at the same height stand below each other.
    above = Math.max(yOf(y) + 4, above + FONT + 3)
    parts.push(text(PLOT.right + 8, above, name))
  }
  return svg({ title, description }, PLOT.height, parts)
}

/** Two digits that count, or the whole number. */
export function numberText(value: number): string {
  return value >= 100
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(value < 10 ? 2 : 3)))
}

function svg({ title, description }: Chart, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="description">${escaped(description)}</desc>`,
    STYLE,
    `<text class="title" x="8" y="20">${escaped(title)}</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  const align = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${align}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
