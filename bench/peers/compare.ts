/** Measures the registries side by side: in each round one after the other, so that all meet the same machine. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { debianClosure } from '../../test/fixtures/debian-closure.ts'
import { startPushless } from '../../test/support/registry-process.ts'
import { scoped, type Scope } from '../../test/support/scope.ts'
import { median, timed } from '../figure.ts'
import { benchImage } from '../image.ts'
import { MEASURES, type Figure } from './measures.ts'
import type { Peer, PeerKind } from './peer.ts'
import { PEERS } from './peers.ts'

export type Row = Figure & {
  /** The median of the rounds by the name of the registry. A registry without the figure has none. */
  readonly values: Readonly<Record<string, number>>
}

export type Comparison = {
  readonly image: { readonly bytes: number; readonly files: number; readonly layers: number }
  readonly rows: readonly Row[]
  /** The reasons for registries that could not be measured here. */
  readonly missing: Readonly<Record<string, string>>
}

const STARTS = 5

/** @param onRow hears each row when it is known. */
export async function comparePeers(scope: Scope, onRow: (row: Row) => void): Promise<Comparison> {
  const closure = await debianClosure()
  const path = await benchImage('peers', [closure.root], 8)
  const source = await startPushless(scope)
  const missing: Record<string, string> = {}
  const peers: { readonly kind: PeerKind; readonly peer: Peer }[] = []
  for (const kind of PEERS) {
    const reason = await kind.missing()
    if (reason === false) peers.push({ kind, peer: await kind.start(scope, { path, url: source.url }) })
    else missing[kind.name] = reason
  }
  await source.stop()
  const rows: Row[] = []
  const add = (row: Row) => {
    rows.push(row)
    onRow(row)
  }
  for (const measure of MEASURES) for (const row of await rowsOf(measure, peers)) add(row)
  add(await startRow(peers.map(({ kind }) => kind)))
  add(await diskRow(peers))
  return { image: { bytes: closure.bytes, files: closure.files, layers: 8 }, rows, missing }
}

async function rowsOf(
  { figures, rounds, of }: (typeof MEASURES)[number],
  peers: readonly { readonly kind: PeerKind; readonly peer: Peer }[],
): Promise<readonly Row[]> {
  const taken = new Map<string, (readonly number[])[]>(peers.map(({ kind }) => [kind.name, []]))
  for (let round = 0; round < rounds; round++)
    for (const { kind, peer } of peers) taken.get(kind.name)?.push(await of(peer))
  return figures.map((figure, i) => ({
    ...figure,
    values: Object.fromEntries(
      [...taken].map(([name, all]) => [name, median(all.map((values) => values[i] ?? Number.NaN))]),
    ),
  }))
}

async function startRow(kinds: readonly PeerKind[]): Promise<Row> {
  const values: Record<string, number> = {}
  for (const { name, startEmpty } of kinds) {
    if (startEmpty === undefined) continue
    const times: number[] = []
    for (let i = 0; i < STARTS; i++)
      await scoped(async (scope) => {
        const { ms, result } = await timed(() => startEmpty(scope))
        times.push(ms)
        await result.stop()
      })
    values[name] = median(times)
  }
  return { name: 'start, until it listens', unit: 'ms', isMoreBetter: false, values }
}

async function diskRow(peers: readonly { readonly kind: PeerKind; readonly peer: Peer }[]): Promise<Row> {
  const values: Record<string, number> = {}
  for (const { kind, peer } of peers)
    if (peer.data !== undefined) values[kind.name] = (await bytesBelow(peer.data)) / 1e6
  return { name: 'disk for the image', unit: 'MB', isMoreBetter: false, values }
}

async function bytesBelow(directory: string): Promise<number> {
  let sum = 0
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size
  return sum
}
