/**
 * Chooses the components and references that a picture of the dependencies shows. The picture has a bounded number of
 * nodes. A reference that follows from others is not drawn (transitive reduction): of git's closure this leaves 76 of
 * 307 references.
 */
import type { Component } from '../inventory/component.ts'
import type { StorePath } from '../../core/nix/store-path.ts'

/** Node 0 is the image, and node `i + 1` the component at `i`. */
export type DrawnGraph = {
  readonly nodes: number
  /** Sorted by `from`, then by `to`. There is no circle. */
  readonly edges: readonly Edge[]
  readonly leftOut: { readonly components: number; readonly references: number }
}

export type Edge = { readonly from: number; readonly to: number }

export type GraphLimits = { readonly components: number; readonly references: number }

const WORD = 32

/**
 * Returns the graph of the first components. One that is left out is skipped: its referrers are joined to its
 * references.
 * @param components the most important first.
 */
export function drawnGraph(components: readonly Component[], limits: GraphLimits): DrawnGraph {
  const kept = Math.min(components.length, limits.components)
  const reach = reachable(components, kept)
  const direct = reach.slice(0, kept).map((all) => withoutIndirect(all, reach, kept))
  const hasReferrer = new Set(direct.flat())
  const edges = [
    // Everything in a closure is needed by the image, so its own edges go to what nothing else needs.
    ...direct.flatMap((_, to) => (hasReferrer.has(to) ? [] : [{ from: 0, to: to + 1 }])),
    ...direct.flatMap((targets, from) => targets.map((to) => ({ from: from + 1, to: to + 1 }))),
  ]
  return {
    nodes: kept + 1,
    edges: firstEdges(edges, limits.references),
    leftOut: {
      components: components.length - kept,
      references: Math.max(0, edges.length - limits.references),
    },
  }
}

/** As many edges as there may be. Each node keeps one that leads to it, while that is possible. */
function firstEdges(edges: readonly Edge[], count: number): readonly Edge[] {
  if (edges.length <= count) return edges
  const reached = new Set<number>()
  const first = new Set<Edge>()
  for (const edge of edges) {
    if (!reached.has(edge.to)) first.add(edge)
    reached.add(edge.to)
  }
  const kept = new Set([...first, ...edges.filter((edge) => !first.has(edge))].slice(0, count))
  return edges.filter((edge) => kept.has(edge))
}

/** A set of the kept components, as bits. */
type Bits = Uint32Array

/** For each component the kept ones that it needs, directly or not. A reference that closes a circle is ignored. */
function reachable(components: readonly Component[], kept: number): readonly Bits[] {
  const indexOf = new Map<StorePath, number>(components.map(({ path }, index) => [path, index]))
  const references = components.map(({ path, references }) =>
    references.flatMap((other) => (other === path ? [] : (indexOf.get(other) ?? []))),
  )
  const words = Math.ceil(kept / WORD)
  const reach = components.map(() => new Uint32Array(words))
  const done = new Uint8Array(components.length)
  const [OPEN, CLOSED] = [1, 2]
  for (const start of components.keys()) {
    // A stack of our own: a chain of 20,000 would be too deep for calls.
    const stack = done[start] === 0 ? [{ node: start, next: 0 }] : []
    if (stack.length > 0) done[start] = OPEN
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const other = references[top.node]?.[top.next]
      if (other === undefined) {
        done[top.node] = CLOSED
        stack.pop()
      } else if (done[other] === 0) {
        done[other] = OPEN
        stack.push({ node: other, next: 0 })
      } else {
        if (done[other] === CLOSED) include(reach[top.node], reach[other], other < kept ? other : undefined)
        top.next += 1
      }
    }
  }
  return reach
}

function include(into: Bits | undefined, from: Bits | undefined, self: number | undefined): void {
  if (into === undefined || from === undefined) return
  // Runs millions of times: an iterator would take ten times as long.
  for (let word = 0; word < into.length; word += 1) into[word] = (into[word] ?? 0) | (from[word] ?? 0)
  if (self !== undefined)
    into[Math.floor(self / WORD)] = (into[Math.floor(self / WORD)] ?? 0) | (1 << (self % WORD))
}

/** The members of a set that no other member needs. */
function withoutIndirect(all: Bits, reach: readonly Bits[], kept: number): readonly number[] {
  const members = membersOf(all, kept)
  const indirect = new Uint32Array(all.length)
  for (const member of members) include(indirect, reach[member], undefined)
  return members.filter((member) => !has(indirect, member))
}

function membersOf(bits: Bits, kept: number): readonly number[] {
  const members: number[] = []
  for (let index = 0; index < kept; index += 1) if (has(bits, index)) members.push(index)
  return members
}

function has(bits: Bits, index: number): boolean {
  return ((bits[Math.floor(index / WORD)] ?? 0) & (1 << (index % WORD))) !== 0
}
