/** The charts of docs/scale.md, drawn from the results of the bench. */
import { barChart, lineChart, numberText } from '../chart.ts'
import { NODES, REPLICAS, type Comparison } from './compare.ts'
import { CORES, REPLICA_COUNTS, WITHIN_SECONDS, type Curve, type Need } from './fleets.ts'

export type Results = {
  readonly comparison: Comparison
  readonly needs: readonly Need[]
  readonly curves: readonly Curve[]
}

/** Returns the charts as SVG, by the names of their files. */
export function chartsOf({ comparison, needs, curves }: Results): readonly (readonly [string, string])[] {
  return [
    ['scale-replicas', replicasChart(curves)],
    ['scale-traffic', trafficChart(needs)],
    ['scale-model', modelChart(comparison)],
  ]
}

function replicasChart(curves: readonly Curve[]): string {
  const said = curves.map(({ nodes, seconds }) => {
    const all = seconds.map((value, i) => `${numberText(value)} s with ${REPLICA_COUNTS[i]}`)
    return `${nodes.toLocaleString('en')} nodes: ${all.join(', ')}.`
  })
  return lineChart({
    title: 'How long a roll-out of 500 MB takes, by the number of replicas',
    description: `Seconds until all nodes have the image, by replicas of ${CORES} cores. ${said.join(' ')}`,
    xName: 'replicas',
    yName: 'seconds',
    xs: REPLICA_COUNTS,
    lines: curves.map(({ nodes, seconds }) => ({ name: `${nodes.toLocaleString('en')} nodes`, ys: seconds })),
    mark: { name: 'two minutes', y: WITHIN_SECONDS },
  })
}

function trafficChart(needs: readonly Need[]): string {
  const groups = needs.map(({ nodes, mirrorCopies, bytesSent, bucketBytes }) => ({
    name: `${nodes.toLocaleString('en')} nodes${mirrorCopies === undefined ? '' : ', mirror'}`,
    bars: [
      { name: 'sent', value: bytesSent / 1e9 },
      { name: 'from the bucket', value: bucketBytes / 1e9 },
    ],
  }))
  const said = groups.map(
    ({ name, bars }) =>
      `${name}: ${bars.map((bar) => `${bar.name} ${numberText(bar.value)} GB`).join(', ')}.`,
  )
  return barChart({
    title: 'Bytes that the replicas send, and fetch from the bucket (logarithmic)',
    description: said.join(' '),
    unit: 'GB',
    isLogarithmic: true,
    groups,
  })
}

function modelChart({ rounds }: Comparison): string {
  const groups = rounds.flatMap((round, i) =>
    round.map(({ name, measuredSeconds, modelSeconds }) => ({
      name: rounds.length === 1 ? name : `${name}, run ${i + 1}`,
      bars: [
        { name: 'measured', value: measuredSeconds },
        { name: 'model', value: modelSeconds },
      ],
    })),
  )
  const said = groups.map(
    ({ name, bars }) => `${name}: ${bars.map((bar) => `${bar.name} ${numberText(bar.value)} s`).join(', ')}.`,
  )
  return barChart({
    title: `The model beside a real run: ${NODES} nodes, ${REPLICAS} replicas`,
    description: said.join(' '),
    unit: 's',
    isLogarithmic: false,
    groups,
  })
}
