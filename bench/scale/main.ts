/**
 * `node bench/scale/main.ts`: measures what a replica costs, compares the model with three real replicas and 200 nodes
 * that pull from them, and says what fleets need. Prints tables in Markdown, as docs/scale.md has them, and draws the
 * charts of that page into docs/charts.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { debianClosure } from '../../test/fixtures/debian-closure.ts'
import { scoped } from '../../test/support/scope.ts'
import { chartsOf } from './charts.ts'
import { compare, NODES, REPLICAS, type Comparison } from './compare.ts'
import { measureCosts, type Measured } from './costs.ts'
import type { CacheCounts } from './counted-cache.ts'
import { curvesOf, FLEETS, needsOf, REPLICA_COUNTS, WITHIN_SECONDS, type Curve, type Need } from './fleets.ts'

const CHARTS = fileURLToPath(new URL('../../docs/charts', import.meta.url))

await scoped(async (scope) => {
  const { root } = await debianClosure()
  const measured = await measureCosts(scope, root)
  tellCosts(measured)
  const comparison = await compare(measured, root)
  tellComparison(comparison)
  const bytes = measured.layers.reduce((sum, size) => sum + size, 0)
  const needs = needsOf(measured.costs, measured.firstPull.bytes / bytes)
  tellNeeds(needs)
  const curves = curvesOf(measured.costs)
  tellCurves(curves)
  await mkdir(CHARTS, { recursive: true })
  for (const [name, chart] of chartsOf({ comparison, needs, curves }))
    await writeFile(join(CHARTS, `${name}.svg`), chart)
})

function tellCosts({ costs, lookUpSeconds, buildSeconds, firstPull, laterPulls, layers }: Measured): void {
  const { manifestSeconds, sendSecondsPerGigabyte, fetchSecondsPerGigabyte } = costs
  const bytes = layers.reduce((sum, size) => sum + size, 0)
  table(
    ['processor time of one core', ''],
    [
      ['a warm manifest', `${milliseconds(manifestSeconds)} ms`],
      ['a gigabyte sent', `${sendSecondsPerGigabyte.toFixed(2)} s`],
      [
        'a gigabyte fetched, unpacked and hashed, once for each replica',
        `${fetchSecondsPerGigabyte.toFixed(1)} s`,
      ],
      ['a narinfo looked up, its signature verified', `${milliseconds(lookUpSeconds)} ms`],
      ['a build scheduled, without Nix', `${milliseconds(buildSeconds)} ms`],
    ],
  )
  table(
    [
      `requests to the cache for an image of ${(bytes / 1e6).toFixed(0)} MB`,
      'narinfos',
      'archives',
      'others',
      'MB',
    ],
    [
      ['the first pull of a replica', ...countTexts(firstPull)],
      ['all later pulls', ...countTexts(laterPulls)],
    ],
  )
}

function tellComparison({ rounds, filling, serving, memory, connections }: Comparison): void {
  table(
    [`${NODES} nodes, ${REPLICAS} replicas on ${availableParallelism()} cores`, 'measured', 'model', 'ratio'],
    rounds.flat().map(({ name, measuredSeconds, modelSeconds }) => {
      const ratio = (modelSeconds / measuredSeconds).toFixed(2)
      return [name, `${measuredSeconds.toFixed(1)} s`, `${modelSeconds.toFixed(1)} s`, ratio]
    }),
  )
  table(
    [`requests of ${REPLICAS} replicas to the cache`, 'narinfos', 'archives', 'others', 'MB'],
    [
      ['until they have the image', ...countTexts(filling)],
      [`while ${NODES} nodes pull`, ...countTexts(serving)],
    ],
  )
  console.log(
    `memory of a replica at most: ${memory.toFixed(0)} MB, with ${connections.toFixed(0)} downloads\n`,
  )
}

function tellNeeds(needs: readonly Need[]): void {
  table(
    [
      'nodes',
      'peer-to-peer mirror',
      `replicas for ${WITHIN_SECONDS} s`,
      'all nodes have it',
      'processor time',
      'bytes sent',
      'of each replica',
      'downloads at once of each',
      'requests to the bucket',
      'bytes from it',
      'first limit',
    ],
    needs.map((need) => [
      need.nodes.toLocaleString('en'),
      need.mirrorCopies === undefined ? 'none' : `${need.mirrorCopies} copies`,
      String(need.replicas),
      `${need.all.toFixed(0)} s`,
      `${need.processorSeconds.toFixed(0)} s`,
      gigabytes(need.bytesSent),
      `${need.gigabits.toFixed(1)} Gbit/s`,
      String(need.connections),
      need.bucketRequests.toLocaleString('en'),
      gigabytes(need.bucketBytes),
      need.firstLimit,
    ]),
  )
}

function tellCurves(curves: readonly Curve[]): void {
  table(
    ['replicas', ...FLEETS.map((nodes) => `${nodes.toLocaleString('en')} nodes`)],
    REPLICA_COUNTS.map((replicas, i) => [
      String(replicas),
      ...curves.map(({ seconds }) => `${(seconds[i] ?? 0).toFixed(0)} s`),
    ]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log([line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n'))
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function countTexts({ narinfos, archives, others, bytes }: CacheCounts): readonly string[] {
  return [...[narinfos, archives, others].map(String), (bytes / 1e6).toFixed(0)]
}

function milliseconds(seconds: number): string {
  return (seconds * 1000).toFixed(2)
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`
}
