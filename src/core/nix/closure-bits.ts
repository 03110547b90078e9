/** Sets of store paths of one closure, as bits. */
import type { StorePath } from './store-path.ts'

export type ClosureNode = {
  readonly path: StorePath
  /** Bytes of the path as a Nix archive. */
  readonly narSize: number
  readonly references: readonly StorePath[]
}

/** A set of node numbers. */
export type Bits = Uint32Array

/** Returns the proper descendants of each node. Nix closures have no cycles but self-references. */
export function descendants(nodes: readonly ClosureNode[]): readonly Bits[] {
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

export function add(bits: Bits, i: number): void {
  bits[i >>> 5] = (bits[i >>> 5] ?? 0) | (1 << (i & 31))
}

export function has(bits: Bits, i: number): boolean {
  return ((bits[i >>> 5] ?? 0) & (1 << (i & 31))) !== 0
}

export function members(bits: Bits): number[] {
  const found: number[] = []
  for (const [w, word] of bits.entries()) {
    for (let rest = word; rest !== 0; rest &= rest - 1) found.push(w * 32 + 31 - Math.clz32(rest & -rest))
  }
  return found
}
