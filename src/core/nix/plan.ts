/**
 * Decides which store paths share a layer. Paths that the same large paths need travel together, so a change of one
 * package changes few layers. The algorithm is nixpkgs' `auto-layer.py` (NixOS/nixpkgs#355189). Measured there: it
 * halves the bytes that a year of updates moves, against one layer for each popular path.
 *
 * Deterministic: ties are broken by store name, then hash, never by the order of the input.
 */
import { compareByName, type StorePath } from './store-path.ts'

export type ClosureNode = {
  readonly path: StorePath
  /** Bytes of the path as a Nix archive. */
  readonly narSize: number
  readonly references: readonly StorePath[]
}

/**
 * @param closure every node's references are in it (self-references are allowed and ignored).
 * @param maxLayers at least 1.
 * @returns the paths of each layer, ordered by name; what everything rests on comes first.
 */
export function planLayers(
  closure: readonly ClosureNode[],
  maxLayers: number,
): readonly (readonly StorePath[])[] {
  const nodes = closure.toSorted((a, b) => compareByName(a.path, b.path))
  const below = descendants(nodes)
  const groups = groupByPrimaries(nodes, below, maxLayers)
  const closureSize = below.map((set, i) =>
    members(set).reduce((sum, d) => sum + (nodes[d]?.narSize ?? 0), nodes[i]?.narSize ?? 0),
  )
  return groups
    .map((group) => ({ group, weight: Math.max(...group.map((i) => closureSize[i] ?? 0)) }))
    .sort((a, b) => a.weight - b.weight || (a.group[0] ?? 0) - (b.group[0] ?? 0))
    .map(({ group }) => group.flatMap((i) => nodes[i]?.path ?? []))
}

/** A set of node numbers. */
type Bits = Uint32Array

/**
 * Each path carries the set of *primaries* it serves; equal sets are one layer. Paths become primaries, largest first,
 * as long as the sets stay few enough.
 */
function groupByPrimaries(
  nodes: readonly ClosureNode[],
  below: readonly Bits[],
  maxLayers: number,
): number[][] {
  const above = ancestors(below)
  let primaries: readonly (readonly number[])[] = nodes.map(() => [])
  const largestFirst = nodes
    .map((_, i) => i)
    .sort((a, b) => (nodes[b]?.narSize ?? 0) - (nodes[a]?.narSize ?? 0) || a - b)
  for (const primary of largestFirst) {
    const descendantsOfIt = below[primary] ?? new Uint32Array()
    const ancestorsOfIt = above[primary] ?? new Uint32Array()
    const next = [...primaries]
    next[primary] = [primary]
    for (const d of members(descendantsOfIt)) {
      const kept = (primaries[d] ?? []).filter((p) => !has(ancestorsOfIt, p))
      const isServedBelow = kept.some((p) => has(descendantsOfIt, p))
      next[d] = isServedBelow ? kept : [...kept, primary].sort((a, b) => a - b)
    }
    if (new Set(next.map((set) => set.join())).size > maxLayers) break
    primaries = next
  }
  const groups = new Map<string, number[]>()
  for (const [i, set] of primaries.entries()) {
    const key = set.join()
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [i])
    else group.push(i)
  }
  return [...groups.values()]
}

/** Proper descendants of each node. Nix closures have no cycles but self-references. */
function descendants(nodes: readonly ClosureNode[]): readonly Bits[] {
  const words = Math.ceil(nodes.length / 32)
  const index = new Map(nodes.map(({ path }, i) => [path, i]))
  const children = nodes.map(({ references }, i) =>
    references.map((path) => index.get(path)).filter((c): c is number => c !== undefined && c !== i),
  )
  const done: (Bits | undefined)[] = nodes.map(() => undefined)
  for (const root of nodes.keys()) {
    const stack = [root]
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      const pending =
        done[node] === undefined ? (children[node] ?? []).filter((c) => done[c] === undefined) : []
      if (pending.length > 0) {
        stack.push(...pending)
        continue
      }
      stack.pop()
      if (done[node] !== undefined) continue
      const bits = new Uint32Array(words)
      for (const child of children[node] ?? []) {
        add(bits, child)
        done[child]?.forEach((word, w) => (bits[w] = (bits[w] ?? 0) | word))
      }
      done[node] = bits
    }
  }
  return done.map((bits) => bits ?? new Uint32Array(words))
}

function ancestors(below: readonly Bits[]): readonly Bits[] {
  const above = below.map(({ length }) => new Uint32Array(length))
  for (const [i, set] of below.entries()) {
    for (const d of members(set)) {
      const bits = above[d]
      if (bits !== undefined) add(bits, i)
    }
  }
  return above
}

function add(bits: Bits, i: number): void {
  bits[i >>> 5] = (bits[i >>> 5] ?? 0) | (1 << (i & 31))
}

function has(bits: Bits, i: number): boolean {
  return ((bits[i >>> 5] ?? 0) & (1 << (i & 31))) !== 0
}

function members(bits: Bits): number[] {
  const found: number[] = []
  for (const [w, word] of bits.entries()) {
    for (let rest = word; rest !== 0; rest &= rest - 1) found.push(w * 32 + 31 - Math.clz32(rest & -rest))
  }
  return found
}
