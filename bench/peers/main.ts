/**
 * `npm run bench:peers`: pushless beside other registries that hold the same image, in one run. Prints a table as
 * docs/benchmarks.md has it, writes all numbers as JSON, and draws the charts of that page.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scoped } from '../../test/support/scope.ts'
import { barChart } from '../chart.ts'
import { comparePeers, type Comparison, type Row } from './compare.ts'

const CHARTS = fileURLToPath(new URL('../../docs/charts', import.meta.url))
const RESULTS = fileURLToPath(new URL('../results', import.meta.url))
const LIMIT = 'nginx, files'

await scoped(async (scope) => {
  const comparison = await comparePeers(scope, ({ name, unit, values }) =>
    console.error(
      `${name}: ${Object.entries(values)
        .map(([peer, value]) => `${peer} ${value.toFixed(1)}`)
        .join(', ')} ${unit}`,
    ),
  )
  console.log(`${availableParallelism()} cores, Node ${process.version}\n`)
  console.log(tableOf(comparison))
  for (const [name, reason] of Object.entries(comparison.missing))
    console.log(`\nNot measured: ${name}, since ${reason}.`)
  await mkdir(RESULTS, { recursive: true })
  await mkdir(CHARTS, { recursive: true })
  await writeFile(join(RESULTS, 'peers.json'), `${JSON.stringify(comparison, null, 2)}\n`)
  for (const row of comparison.rows)
    await writeFile(join(CHARTS, `peers-${slug(row.name)}.svg`), chartOf(row))
})

function tableOf({ rows }: Comparison): string {
  const peers = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))]
  const lines = rows.map(({ name, unit, values }) => [
    `${name}, ${unit}`,
    ...peers.map((peer) => (values[peer] === undefined ? '' : shortNumber(values[peer]))),
  ])
  const table = [['', ...peers], ['---', ...peers.map(() => '---')], ...lines]
  return table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function chartOf({ name, unit, isMoreBetter, values }: Row): string {
  const said = Object.entries(values).map(([peer, value]) => `${peer}: ${shortNumber(value)} ${unit}.`)
  return barChart({
    title: `${name} (${isMoreBetter ? 'more' : 'less'} is better)`,
    description: said.join(' '),
    unit,
    isLogarithmic: false,
    groups: Object.entries(values).map(([peer, value]) => ({
      name: peer === LIMIT ? `${peer} (limit)` : peer,
      bars: [{ name: '', value }],
    })),
  })
}

function shortNumber(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function slug(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
}
