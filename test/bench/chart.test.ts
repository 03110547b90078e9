import { glob, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import t from 'tap'
import { barChart, lineChart, numberText } from '../../bench/chart.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

void t.test('numbers have the digits that count', (t) => {
  const texts = [0.1234, 5, 9.96, 37.41, 99.96, 123.4, 10_000].map(numberText)
  t.strictSame(texts, ['0.12', '5', '10', '37.4', '100', '123', '10,000'])
  t.end()
})

function widths(svg: string): readonly number[] {
  return Array.from(svg.matchAll(/<rect[^>]* width="([\d.]+)"/g), ([, width]) => Number(width))
}

void t.test('bars are as long as their values', (t) => {
  const bars = [
    { name: 'one', value: 50 },
    { name: 'two', value: 100 },
  ]
  const chart = { title: 'a < b', description: '"both" & more', unit: 's', groups: [{ name: 'group', bars }] }
  const [one = 0, two = 0] = widths(barChart({ ...chart, isLogarithmic: false }))
  t.equal(two, 2 * one)
  const svg = barChart({ ...chart, isLogarithmic: true })
  const [first = 0, second = 0] = widths(svg)
  t.ok(first > 0.8 * second && first < second)
  t.match(svg, '<title id="title">a &lt; b</title>')
  t.match(svg, '<desc id="description">&quot;both&quot; &amp; more</desc>')
  t.match(svg, />one 50 s</)
  t.end()
})

void t.test('lines stay within the picture, and the smaller value is lower', (t) => {
  const lines = [
    { name: 'few', ys: [100, 10, 1] },
    { name: 'many', ys: [10_000, 1_000, 100] },
  ]
  const mark = { name: 'enough', y: 120 }
  const svg = lineChart({ title: 't', description: 'd', xName: 'x', yName: 'y', xs: [1, 2, 4], lines, mark })
  const points = Array.from(svg.matchAll(/<circle[^>]* cy="([\d.]+)"/g), ([, y]) => Number(y))
  t.equal(points.length, 6)
  t.ok(points.every((y) => y >= 50 && y <= 300))
  t.ok((points[0] ?? 0) < (points[1] ?? 0) && (points[3] ?? 0) < (points[0] ?? 0))
  t.end()
})

void t.test('the charts of the page have texts, and colours for light and dark', async (t) => {
  const page = await readFile(join(root, 'docs/scale.md'), 'utf8')
  let count = 0
  for await (const name of glob('charts/scale-*.svg', { cwd: join(root, 'docs') })) {
    count += 1
    const svg = await readFile(join(root, 'docs', name), 'utf8')
    t.match(svg, /<title id="title">.{20,}<\/title>\n<desc id="description">.{40,}<\/desc>/, name)
    t.match(svg, 'prefers-color-scheme: dark', name)
    t.match(page, new RegExp(`!\\[[^\\]]{40,}\\]\\(${name}\\)`), `${name} is in the page, with a text`)
  }
  t.equal(count, 3)
})
