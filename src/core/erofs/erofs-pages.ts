/** The bytes of an EROFS image, format 1: see erofs-layout.ts for its places. */
import { frameBuilder, madeHere, type FrameBuilder, type FramePage } from '../tar/frame.ts'
import type { LayerEntry } from '../tar/segment.ts'
import { directoryBlocks } from './erofs-directory.ts'
import { blocksOf, layOut, type ErofsLayout } from './erofs-layout.ts'
import { EROFS_BLOCK, INODE_SLOT, inodeBytes, writeSuperblock } from './erofs-structures.ts'
import { ErofsTree, ROOT_NODE } from './erofs-tree.ts'

/** Entries that are taken before other work gets its turn: about a millisecond. */
const ENTRIES_A_TURN = 200
const ZEROS = new Uint8Array(EROFS_BLOCK)

/**
 * Takes all entries, since an image begins with the places of all that is in it. Of several entries with one name the
 * last counts. Directories that have no entry are made.
 * @param pause called again and again, so that other work gets its turn.
 * @throws RegistryError `unservable` for a name that EROFS can't hold, and what taking an entry throws.
 */
export async function erofsTree(
  entries: Iterable<LayerEntry>,
  pause: () => Promise<unknown>,
): Promise<ErofsTree> {
  const tree = new ErofsTree()
  let count = 0
  for (const entry of entries) {
    tree.add(entry)
    if (++count % ENTRIES_A_TURN === 0) await pause()
  }
  return tree
}

/** The pages of the image. @throws RegistryError `unservable` for more than 2^32 blocks or inodes. */
export function* erofsPages(tree: ErofsTree): Generator<FramePage> {
  const layout = layOut(tree)
  const frame = frameBuilder()
  frame.bytes(firstBlock(layout))
  for (const node of layout.order) {
    if (node === ROOT_NODE) continue
    fillTo(frame, layout.positions[node] ?? 0)
    frame.bytes(inodeOf(layout, node))
    if (layout.isInline[node] === 1) putTail(frame, layout, node)
    yield* frame.fullPage()
  }
  fillBlock(frame)
  for (const ofDirectories of [true, false]) {
    for (const node of layout.order) {
      if ((tree.typeOf(node) === 'directory') === ofDirectories) yield* contents(frame, layout, node)
    }
  }
  yield frame.lastPage()
}

/** The superblock, the root's inode, and what lies behind that. */
function firstBlock(layout: ErofsLayout): Uint8Array {
  const block = Buffer.alloc(EROFS_BLOCK)
  const rootPosition = layout.positions[ROOT_NODE] ?? 0
  const inode = inodeOf(layout, ROOT_NODE)
  block.set(inode, rootPosition)
  if (layout.isInline[ROOT_NODE] === 1)
    block.set(directoryTail(layout, ROOT_NODE), rootPosition + inode.length)
  const { order, blocks, uuid } = layout
  writeSuperblock(block, { rootPosition, inodes: order.length, blocks, uuid })
  return block
}

function inodeOf({ tree, links, firstBlocks, isInline, positions }: ErofsLayout, node: number): Uint8Array {
  const { uid, gid, mtime } = tree.attributesOf(node)
  const inode = {
    mode: tree.modes[node] ?? 0,
    size: tree.sizes[node] ?? 0,
    links: links[node] ?? 1,
    uid,
    gid,
    mtime,
    number: ((positions[node] ?? 0) / INODE_SLOT) % 2 ** 32,
  }
  return inodeBytes(inode, firstBlocks[node] ?? 0, isInline[node] === 1)
}

function putTail(frame: FrameBuilder, layout: ErofsLayout, node: number): void {
  const { tree } = layout
  switch (tree.typeOf(node)) {
    case 'directory':
      return frame.bytes(directoryTail(layout, node))
    case 'symlink':
      return frame.bytes(tree.targetOf(node))
    case 'file': {
      const content = tree.contentOf(node)
      if (content === undefined) frame.file(tree.sourceOf(node), tree.sizes[node] ?? 0)
      else frame.bytes(content)
    }
  }
}

function directoryTail({ tree, children, positions }: ErofsLayout, directory: number): Uint8Array {
  let tail: Uint8Array = ZEROS
  for (const block of directoryBlocks(tree, children, directory, positions)) tail = block
  return tail
}

/** The blocks of a node. */
function* contents(frame: FrameBuilder, layout: ErofsLayout, node: number): Generator<FramePage> {
  const { tree, children, positions } = layout
  const size = tree.sizes[node] ?? 0
  let blocks = blocksOf(size, layout.isInline[node] === 1)
  if (blocks === 0) return
  switch (tree.typeOf(node)) {
    case 'directory':
      for (const block of directoryBlocks(tree, children, node, positions)) {
        if (blocks-- === 0) break
        frame.bytes(block)
        yield* frame.fullPage()
      }
      break
    case 'symlink':
      frame.bytes(tree.targetOf(node))
      break
    case 'file': {
      const content = tree.contentOf(node)
      if (content === undefined) frame.file(tree.sourceOf(node), size)
      else yield* madeHere(frame, content)
    }
  }
  fillBlock(frame)
  yield* frame.fullPage()
}

function fillBlock(frame: FrameBuilder): void {
  fillTo(frame, Math.ceil(frame.size() / EROFS_BLOCK) * EROFS_BLOCK)
}

/** At most a block is filled at once. */
function fillTo(frame: FrameBuilder, position: number): void {
  if (position > frame.size()) frame.zeros(position - frame.size())
}
