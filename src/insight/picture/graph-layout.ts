/**
 * Places the nodes of a graph in columns: each to the right of all that refer to it. Within a column a node is near its
 * neighbours, so that lines cross less. The same graph always gets the same places.
 */
import type { DrawnGraph } from './drawn-graph.ts'

export const BOX = { width: 176, height: 26 } as const
const GAP = { x: 72, y: 10 } as const
const MARGIN = 12
const SWEEPS = 6
/** A column with more nodes is broken into several, so that the picture is about three times as wide as high. */
const MIN_ROWS = 10
const ROWS_FACTOR = 3

/** The upper left corner of each node's box. */
export type Place = { readonly x: number; readonly y: number }

export type GraphLayout = {
  readonly width: number
  readonly height: number
  readonly places: readonly Place[]
}

export function layoutGraph(graph: DrawnGraph): GraphLayout {
  const levels = orderLevels(graph, levelsOf(graph))
  const rows = Math.max(MIN_ROWS, Math.ceil(Math.sqrt(graph.nodes * ROWS_FACTOR)))
  const columns = levels.flatMap((level) => chunks(level, rows))
  const tallest = Math.max(...columns.map((column) => column.length))
  const height = tallest * (BOX.height + GAP.y) - GAP.y + 2 * MARGIN
  const places: Place[] = []
  for (const [number, column] of columns.entries()) {
    const top = (height - column.length * (BOX.height + GAP.y) + GAP.y) / 2
    for (const [row, node] of column.entries())
      places[node] = {
        x: MARGIN + number * (BOX.width + GAP.x),
        y: Math.round(top + row * (BOX.height + GAP.y)),
      }
  }
  return { width: columns.length * (BOX.width + GAP.x) - GAP.x + 2 * MARGIN, height, places }
}

/** The length of the longest way from the image to each node. */
function levelsOf({ nodes, edges }: DrawnGraph): readonly number[] {
  const level = Array.from({ length: nodes }, () => 0)
  const waiting = Array.from({ length: nodes }, () => 0)
  const { after } = neighbours(nodes, edges)
  for (const { to } of edges) waiting[to] = (waiting[to] ?? 0) + 1
  const ready = level.keys().filter((node) => waiting[node] === 0)
  const queue = [...ready]
  for (const node of queue)
    for (const to of after[node] ?? []) {
      level[to] = Math.max(level[to] ?? 0, (level[node] ?? 0) + 1)
      waiting[to] = (waiting[to] ?? 0) - 1
      if (waiting[to] === 0) queue.push(to)
    }
  return level
}

/** The nodes of each level, in an order that puts each near the middle of its neighbours. */
function orderLevels({ nodes, edges }: DrawnGraph, level: readonly number[]): readonly (readonly number[])[] {
  let levels: readonly (readonly number[])[] = Array.from({ length: Math.max(...level) + 1 }, (_, depth) =>
    level.flatMap((of, node) => (of === depth ? [node] : [])),
  )
  const { before, after } = neighbours(nodes, edges)
  /** The place of each node in its level, from 0 to 1. */
  const position: number[] = []
  const settle = (nodes: readonly number[]) => {
    for (const [at, node] of nodes.entries()) position[node] = (at + 0.5) / nodes.length
  }
  levels.forEach(settle)
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const near = sweep % 2 === 0 ? before : after
    const ordered = levels.map((nodes) => [...nodes])
    for (const nodes of sweep % 2 === 0 ? ordered : ordered.toReversed()) {
      const wish = new Map(nodes.map((node) => [node, middle(near[node] ?? [], position, node)]))
      nodes.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0) || a - b)
      settle(nodes)
    }
    levels = ordered
  }
  return levels
}

function middle(near: readonly number[], position: readonly number[], node: number): number {
  if (near.length === 0) return position[node] ?? 0
  return near.reduce((sum, other) => sum + (position[other] ?? 0), 0) / near.length
}

function neighbours(nodes: number, edges: DrawnGraph['edges']) {
  const before: number[][] = Array.from({ length: nodes }, () => [])
  const after: number[][] = Array.from({ length: nodes }, () => [])
  for (const { from, to } of edges) {
    after[from]?.push(to)
    before[to]?.push(from)
  }
  return { before, after }
}

function chunks(list: readonly number[], size: number): readonly (readonly number[])[] {
  const count = Math.ceil(list.length / size)
  const each = Math.ceil(list.length / count)
  return Array.from({ length: count }, (_, at) => list.slice(at * each, (at + 1) * each))
}
