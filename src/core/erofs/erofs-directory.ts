/**
 * Directories of an EROFS image: in each block the entries first, then their names, both in the order of the names'
 * bytes across all blocks. The kernel finds a name by a binary search.
 */
import { DIRENT_SIZE, EROFS_BLOCK, FILE_TYPE, writeDirent } from './erofs-structures.ts'
import { ROOT_NODE, type ErofsTree } from './erofs-tree.ts'

/** The children of all nodes, one node's behind the other's. */
export type Children = {
  /** Sorted; of several with the same name only the last. */
  readonly nodes: Uint32Array
  /** Offsets within `nodes` at which the children of each node begin. */
  readonly starts: Uint32Array
  /** How many each node has. */
  readonly counts: Uint32Array
}

/** Stand for the entries `.` and `..` of a directory. */
const SELF = -1
const PARENT = -2
const DOT_CODE = 0x2e

export function sortChildren(tree: ErofsTree): Children {
  const { count, parents } = tree
  const counts = new Uint32Array(count)
  for (let node = ROOT_NODE + 1; node < count; node++) increase(counts, parents[node] ?? ROOT_NODE)
  const starts = new Uint32Array(count)
  for (let node = 1; node < count; node++) starts[node] = (starts[node - 1] ?? 0) + (counts[node - 1] ?? 0)
  const nodes = new Uint32Array(count)
  const next = starts.slice()
  for (let node = ROOT_NODE + 1; node < count; node++) {
    const parent = parents[node] ?? ROOT_NODE
    nodes[next[parent] ?? 0] = node
    increase(next, parent)
  }
  for (let node = 0; node < count; node++) {
    const start = starts[node] ?? 0
    const own = nodes.subarray(start, start + (counts[node] ?? 0))
    // A walk gives them sorted.
    if (isAscending(tree, own)) continue
    own.sort((a, b) => tree.compareNames(a, b) || a - b)
    counts[node] = keepLast(tree, own)
  }
  return { nodes, starts, counts }
}

function increase(numbers: Uint32Array, i: number): void {
  numbers[i] = (numbers[i] ?? 0) + 1
}

function isAscending(tree: ErofsTree, nodes: Uint32Array): boolean {
  for (let i = 1; i < nodes.length; i++)
    if (tree.compareNames(nodes[i - 1] ?? 0, nodes[i] ?? 0) >= 0) return false
  return true
}

/** Moves the last of each name to the front. @returns how many there are. */
function keepLast(tree: ErofsTree, nodes: Uint32Array): number {
  let kept = 0
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i] ?? 0
    const isReplaced = i + 1 < nodes.length && tree.compareNames(node, nodes[i + 1] ?? 0) === 0
    if (!isReplaced) nodes[kept++] = node
  }
  return kept
}

export function childrenOf({ nodes, starts, counts }: Children, node: number): Uint32Array {
  const start = starts[node] ?? 0
  return nodes.subarray(start, start + (counts[node] ?? 0))
}

/** Bytes of a directory. */
export function directorySize(tree: ErofsTree, children: Children, directory: number): number {
  let blocks = 0
  let used = 0
  for (const entry of entriesOf(tree, childrenOf(children, directory))) {
    const size = DIRENT_SIZE + nameLength(tree, entry)
    if (used + size > EROFS_BLOCK) {
      blocks += 1
      used = 0
    }
    used += size
  }
  return blocks * EROFS_BLOCK + used
}

/**
 * The blocks of a directory; the last one ends with its last name.
 * @param positions of the inodes.
 */
export function* directoryBlocks(
  tree: ErofsTree,
  children: Children,
  directory: number,
  positions: Float64Array,
): Generator<Buffer> {
  let block: number[] = []
  let used = 0
  const written = (isLast: boolean) => {
    const bytes = Buffer.alloc(isLast ? used : EROFS_BLOCK)
    let nameAt = block.length * DIRENT_SIZE
    for (const [i, entry] of block.entries()) {
      const node =
        entry === SELF ? directory : entry === PARENT ? (tree.parents[directory] ?? ROOT_NODE) : entry
      writeDirent(bytes, i * DIRENT_SIZE, positions[node] ?? 0, nameAt, FILE_TYPE[tree.typeOf(node)])
      if (entry < 0) bytes.fill(DOT_CODE, nameAt, nameAt + nameLength(tree, entry))
      else tree.copyName(entry, bytes, nameAt)
      nameAt += nameLength(tree, entry)
    }
    block = []
    used = 0
    return bytes
  }
  for (const entry of entriesOf(tree, childrenOf(children, directory))) {
    const size = DIRENT_SIZE + nameLength(tree, entry)
    if (used + size > EROFS_BLOCK) yield written(false)
    block.push(entry)
    used += size
  }
  yield written(true)
}

/** A few names sort before `.` and `..`. */
function* entriesOf(tree: ErofsTree, children: Uint32Array): Generator<number> {
  let waiting = SELF
  for (const child of children) {
    for (; waiting >= PARENT && isBehindDots(tree, child, waiting); waiting--) yield waiting
    yield child
  }
  for (; waiting >= PARENT; waiting--) yield waiting
}

/** Whether the name of a node sorts behind `.` or `..`. */
function isBehindDots(tree: ErofsTree, node: number, dots: number): boolean {
  const start = tree.nameStarts[node] ?? 0
  const length = tree.nameLengths[node] ?? 0
  for (let i = 0; i < -dots; i++) {
    const code = i < length ? (tree.texts[start + i] ?? 0) : 0
    if (code !== DOT_CODE) return code > DOT_CODE
  }
  return true
}

function nameLength(tree: ErofsTree, entry: number): number {
  return entry < 0 ? -entry : (tree.nameLengths[entry] ?? 0)
}
