/** A graph as an indented text. A node that stands in it already is marked, and its references aren't repeated. */
import type { Dag } from './dag.ts'
import { labelOf, sizeText } from './node-label.ts'

export type TreeLimits = {
  readonly lines: number
  /** Columns of a line. */
  readonly width: number
}

/** Deeper lines would have no room for names in 80 columns. */
const MAX_DEPTH = 20

type Entry = {
  readonly node: number
  readonly depth: number
  /** Before the branch to this entry. */
  readonly indent: string
  readonly isLast: boolean
}

/** @returns lines; the last says how many nodes aren't shown, if any. */
export function treeOf({ nodes, edges }: Dag, limits: TreeLimits): readonly string[] {
  const labels = nodes.map(labelOf)
  const lines: string[] = []
  const shown = new Set<number>()
  const open: Entry[] = [{ node: 0, depth: 0, indent: '', isLast: true }]
  for (let entry = open.pop(); entry !== undefined && lines.length < limits.lines; entry = open.pop()) {
    const { node, depth, indent, isLast } = entry
    const targets = edges[node] ?? []
    const isRepeated = shown.has(node)
    const isDeep = depth === MAX_DEPTH && targets.length > 0
    shown.add(node)
    const branch = depth === 0 ? '' : `${indent}${isLast ? '└─ ' : '├─ '}`
    const mark = targets.length > 0 && isRepeated ? ' (above)' : isDeep ? ' (too deep)' : ''
    lines.push(lineOf(branch, labels[node] ?? '', `${endOf(nodes[node]?.size)}${mark}`, limits.width))
    if (isRepeated || isDeep) continue
    const below = depth === 0 ? '' : `${indent}${isLast ? '   ' : '│  '}`
    const sorted = targets.toSorted((a, b) => compare(labels[a] ?? '', labels[b] ?? '') || a - b)
    for (const [i, target] of sorted.toReversed().entries())
      open.push({ node: target, depth: depth + 1, indent: below, isLast: i === 0 })
  }
  const hidden = nodes.length - shown.size
  return hidden === 0 ? lines : [...lines, `… and ${hidden} more that are not shown`]
}

function endOf(size: number | undefined): string {
  return size === undefined ? '' : `  ${sizeText(size)}`
}

function lineOf(branch: string, label: string, end: string, width: number): string {
  const room = Math.max(1, width - branch.length - end.length)
  return `${branch}${label.length > room ? `${label.slice(0, room - 1)}…` : label}${end}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
