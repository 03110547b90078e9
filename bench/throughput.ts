/** Warm requests: manifests a second, and the bytes a second of one large layer, against the same bytes in a file. */
import { execa } from 'execa'
import { repositoryUrl, type Manifest } from '../test/e2e/client.ts'
import { startDockerRegistry } from '../test/support/docker-registry.ts'
import { startPushless } from '../test/support/registry-process.ts'
import type { Scope } from '../test/support/scope.ts'
import { median, type Figure } from './figure.ts'
import { copyImage } from './copy-image.ts'
import { benchImage } from './image.ts'
import { ACCEPT, requestRate } from './request-rate.ts'
import type { Closure } from './start.ts'

const ROUNDS = 5
const TARGET_MANIFESTS = 10
const TARGET_BYTES = 1

export async function measureThroughput(scope: Scope, closure: Closure): Promise<readonly Figure[]> {
  const image = await benchImage('one-layer', [closure.root], 1)
  const server = await startPushless(scope)
  const registry = await startDockerRegistry(scope)
  const ours = repositoryUrl(server.url, image)
  const theirs = await copyImage(server.url, image, registry.url)
  const manifest = (await (
    await fetch(`${theirs}/manifests/nix`, { headers: { accept: ACCEPT } })
  ).json()) as Manifest
  const layer = manifest.layers.toSorted((a, b) => b.size - a.size)[0]
  if (layer === undefined) throw new Error('no layer')

  const rates: { readonly ours: number; readonly theirs: number }[] = []
  const speeds: { readonly ours: number; readonly theirs: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    rates.push({
      ours: await requestRate(`${ours}/manifests/nix`),
      theirs: await requestRate(`${theirs}/manifests/nix`),
    })
    speeds.push({
      ours: await speed(`${ours}/blobs/${layer.digest}`),
      theirs: await speed(`${theirs}/blobs/${layer.digest}`),
    })
  }
  const rate = median(rates.map((round) => round.ours / round.theirs))
  const bytes = median(speeds.map((round) => round.ours / round.theirs))
  return [
    {
      name: 'warm manifest requests a second, against docker-registry',
      value: `${rate.toFixed(1)} x`,
      number: rate,
      target: `>= ${TARGET_MANIFESTS} x`,
      isMet: rate >= TARGET_MANIFESTS,
      note: `${median(rates.map((round) => round.ours)).toFixed(0)} against ${median(rates.map((round) => round.theirs)).toFixed(0)} a second`,
    },
    {
      name: `one warm layer of ${(layer.size / 1e6).toFixed(0)} MB, bytes a second, against docker-registry`,
      value: `${bytes.toFixed(2)} x`,
      number: bytes,
      target: `>= ${TARGET_BYTES} x`,
      isMet: bytes >= TARGET_BYTES,
      note: `${gigabytes(speeds.map((round) => round.ours))} against ${gigabytes(speeds.map((round) => round.theirs))}`,
    },
  ]
}

/** Bytes a second. The first of two downloads warms up, on both sides. */
async function speed(url: string): Promise<number> {
  for (const measured of [false, true]) {
    const { stdout } = await execa('curl', [
      '--silent',
      '--fail',
      '--output',
      '/dev/null',
      '--write-out',
      '%{speed_download}',
      url,
    ])
    if (measured) return Number(stdout)
  }
  return Number.NaN
}

function gigabytes(speeds: readonly number[]): string {
  return `${(median(speeds) / 1e9).toFixed(2)} GB/s`
}
