/** Writes what the commands about an image found. */
import type { GraphNode } from '../../insight/graph/dag.ts'
import { labelOf } from '../../insight/graph/node-label.ts'
import { UsageError } from '../usage-error.ts'

/** Nothing is cut where no terminal shows it. */
export function outputWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY
}

/** Writes data as JSON, or lines of text for a width. */
export function print(asJson: boolean, data: unknown, lines: (width: number) => readonly string[]): void {
  const text = asJson ? JSON.stringify(data, null, 2) : lines(outputWidth()).join('\n')
  process.stdout.write(`${text}\n`)
}

/** The name of a node for a table. */
export function nameOf(node: GraphNode | undefined): string {
  return node === undefined ? '' : labelOf(node)
}

/** @throws UsageError for another text than a whole number above 0. */
export function readLimit(text: string): number {
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (limit > 0) return limit
  throw new UsageError(`--limit ${text}: expected a whole number above 0`)
}

export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
