/**
 * How long a pull takes, by a model. Three layers are fetched at a time and share a network of 1 Gbit/s. Layers are
 * unpacked one after another, each once it is there. So a large layer that comes last is unpacked while nothing is
 * fetched.
 *
 * The price of a byte and of a layer are fitted to measured pulls (containerd 2.3, one image of git in 131 MB, static
 * server on loopback, middle of the measured range). The network is modelled.
 */
import type { Pull } from './node-pulls.ts'

const MEASURED_MEGABYTES = 131
/** Seconds of the pull of an image without layers. */
const EMPTY_PULL = 0.064
/** Number of layers, seconds. */
type Measured = readonly (readonly [number, number])[]
const TAR_PULLS: Measured = [
  [1, 1.35],
  [4, 1.39],
  [8, 1.545],
  [16, 1.465],
  [50, 1.61],
]
const EROFS_PULLS: Measured = [
  [8, 0.355],
  [50, 0.865],
]
const FETCHES_AT_ONCE = 3
const NETWORK_SECONDS_PER_MEGABYTE = 0.008

export type Costs = { readonly secondsPerMegabyte: number; readonly secondsPerLayer: number }

export const TAR_COSTS = fit(TAR_PULLS)
export const EROFS_COSTS = fit(EROFS_PULLS)

export function pullSeconds(pull: Pull, { secondsPerMegabyte, secondsPerLayer }: Costs): number {
  const fetched = pull.filter(({ isFetched }) => isFetched).map(({ bytes }) => bytes / 1e6)
  const ends = fetchEnds(fetched)
  let ready = EMPTY_PULL
  for (const { bytes, isFetched, isUnpacked } of pull) {
    if (isFetched) ready = Math.max(ready, EMPTY_PULL + (ends.shift() ?? 0))
    if (isUnpacked) ready += secondsPerLayer + (bytes / 1e6) * secondsPerMegabyte
  }
  return ready
}

/** Returns when each layer is there. Those that are fetched at a time have equal parts of the network. */
function fetchEnds(megabytes: readonly number[]): number[] {
  const left = [...megabytes]
  const ends = megabytes.map(() => 0)
  let active: number[] = []
  let next = 0
  for (let now = 0; next < left.length || active.length > 0;) {
    while (active.length < FETCHES_AT_ONCE && next < left.length) active.push(next++)
    const least = Math.min(...active.map((i) => left[i] ?? 0))
    now += least * active.length * NETWORK_SECONDS_PER_MEGABYTE
    for (const i of active) {
      left[i] = (left[i] ?? 0) - least
      if ((left[i] ?? 0) <= 0) ends[i] = now
    }
    active = active.filter((i) => (left[i] ?? 0) > 0)
  }
  return ends
}

/** Least squares: seconds = a + b × layers. */
function fit(measured: Measured): Costs {
  const [layers, seconds] = [mean(measured.map(([n]) => n)), mean(measured.map(([, s]) => s))]
  const secondsPerLayer =
    measured.reduce((sum, [n, s]) => sum + (n - layers) * (s - seconds), 0) /
    measured.reduce((sum, [n]) => sum + (n - layers) ** 2, 0)
  const atNoLayer = seconds - secondsPerLayer * layers
  return { secondsPerLayer, secondsPerMegabyte: (atNoLayer - EMPTY_PULL) / MEASURED_MEGABYTES }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
