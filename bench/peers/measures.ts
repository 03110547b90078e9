/** The measures of the comparison. Each is taken of every registry in turn, several times, and medians are compared. */
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import type { Manifest } from '../../test/e2e/client.ts'
import { ACCEPT } from '../accept.ts'
import { cpuMs } from '../cpu-time.ts'
import { downloadSpeed } from '../download-speed.ts'
import { median } from '../figure.ts'
import { memoryOf } from '../../test/support/memory-of.ts'
import { measureLoad } from '../request-rate.ts'
import type { Peer } from './peer.ts'

export type Figure = {
  readonly name: string
  readonly unit: string
  readonly isMoreBetter: boolean
}

export type Measure = {
  readonly figures: readonly Figure[]
  /** How many rounds. The highest memory of a process never falls again, so it has one. */
  readonly rounds: number
  /** Returns a number for each figure. */
  readonly of: (peer: Peer) => Promise<readonly number[]>
}

const ROUNDS = 5
const PULL_CLIENT = fileURLToPath(new URL('../pull-client.ts', import.meta.url))
const FIRST_BYTES = 50

export const MEASURES: readonly Measure[] = [
  {
    figures: [more('manifests by tag', '/s'), less('manifest by tag, 99th percentile', 'ms')],
    rounds: ROUNDS,
    of: async ({ repository }) => {
      const { requestsPerSecond, p99Ms } = await measureLoad(`${repository}/manifests/nix`)
      return [requestsPerSecond, p99Ms]
    },
  },
  {
    figures: [more('one layer, one stream', 'MB/s')],
    rounds: ROUNDS,
    of: async (peer) => [(await downloadSpeed(await largestLayer(peer))) / 1e6],
  },
  {
    figures: [more('one layer, 8 streams', 'MB/s')],
    rounds: ROUNDS,
    of: async (peer) => [await eightStreams(await largestLayer(peer))],
  },
  {
    figures: [less('processor time of whole pulls', 'ms/GB')],
    rounds: ROUNDS,
    of: async (peer) => [await pullCost(peer)],
  },
  {
    figures: [less('first byte of a layer, median', 'ms')],
    rounds: ROUNDS,
    of: async (peer) => [await firstByte(await largestLayer(peer))],
  },
  {
    figures: [less('memory at its highest, 64 pulls', 'MB'), less('memory at its highest, 256 pulls', 'MB')],
    rounds: 1,
    of: async (peer) => [await peak(peer, 64), await peak(peer, 256)],
  },
]

function more(name: string, unit: string): Figure {
  return { name, unit, isMoreBetter: true }
}

function less(name: string, unit: string): Figure {
  return { name, unit, isMoreBetter: false }
}

async function layersOf({ repository }: Peer): Promise<Manifest['layers']> {
  const response = await fetch(`${repository}/manifests/nix`, { headers: { accept: ACCEPT } })
  return ((await response.json()) as Manifest).layers
}

async function largestLayer(peer: Peer): Promise<string> {
  const [layer] = (await layersOf(peer)).toSorted((a, b) => b.size - a.size)
  return `${peer.repository}/blobs/${layer?.digest}`
}

/** Megabytes a second of eight curls together. */
async function eightStreams(url: string): Promise<number> {
  const args = ['--silent', '--fail', '--output', '/dev/null', '--write-out', '%{size_download}', url]
  const start = performance.now()
  const downloads = await Promise.all(Array.from({ length: 8 }, async () => execa('curl', args)))
  const bytes = downloads.reduce((sum, { stdout }) => sum + Number(stdout), 0)
  return bytes / 1e3 / (performance.now() - start)
}

/** Milliseconds of the server's processor for a gigabyte, with eight whole pulls side by side. */
async function pullCost(peer: Peer): Promise<number> {
  const bytes = (await layersOf(peer)).reduce((sum, { size }) => sum + size, 0)
  const before = await cpuMs(peer.pid)
  await pulls(peer, 8)
  return ((await cpuMs(peer.pid)) - before) / ((8 * bytes) / 1e9)
}

/** Milliseconds from the request to the first byte of the body, on a connection that is open. */
async function firstByte(url: string): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < FIRST_BYTES; i++) {
    const start = performance.now()
    const reader = (await fetch(url, { headers: { range: 'bytes=0-99' } })).body?.getReader()
    await reader?.read()
    times.push(performance.now() - start)
    await reader?.cancel()
  }
  return median(times)
}

async function peak(peer: Peer, count: number): Promise<number> {
  await pulls(peer, count)
  return memoryOf(peer.pid, 'VmHWM')
}

async function pulls({ repository }: Peer, count: number): Promise<void> {
  await execa(process.execPath, [PULL_CLIENT, repository, String(count)])
}
