/**
 * Files, directories and links gathered in any order, given back as tar entries in the order of layer tar, format 1.
 */
import { asByteString, type ByteString } from '../../core/byte-string.ts'
import type { LayerEntry } from '../../core/tar/segment.ts'
import type { TarAttributes } from '../../core/tar/tar-header.ts'
import { sortedNames } from './sorted-names.ts'

/** Bytes made here, or a file of the store: absolute path without links, and its size in bytes. */
export type FileContent = Uint8Array | { readonly source: ByteString; readonly size: number }

type Owned = { readonly owner: Owner }
type Node =
  | ({ readonly kind: 'directory'; readonly mode: number; readonly children: Map<ByteString, Node> } & Owned)
  | ({ readonly kind: 'file'; readonly mode: number; readonly content: FileContent } & Owned)
  | ({ readonly kind: 'symlink'; readonly target: ByteString } & Owned)

/** Numbers; default 0. */
export type Owner = Pick<TarAttributes, 'uid' | 'gid'>

const ROOT: Owner = {}

const DIRECTORY_MODE = 0o755
/** Names that are sorted in a few milliseconds; more get more than one turn. */
const LARGE_DIRECTORY = 4_000

/** Names are relative, without `.` or `..`. What is put twice is replaced. */
export class FileTree {
  readonly #root = new Map<ByteString, Node>()

  /** Keeps what is in a directory of this name, and without `mode` its mode and owner too. */
  directory(name: ByteString, mode?: number, owner: Owner = ROOT): void {
    const { parent, last } = this.#place(name)
    const present = parent.get(last)
    const had = present?.kind === 'directory' ? present : newDirectory()
    parent.set(last, mode === undefined ? had : { ...had, mode, owner })
  }

  file(name: ByteString, mode: number, content: FileContent, owner: Owner = ROOT): void {
    const { parent, last } = this.#place(name)
    parent.set(last, { kind: 'file', mode, content, owner })
  }

  symlink(name: ByteString, target: ByteString, owner: Owner = ROOT): void {
    const { parent, last } = this.#place(name)
    parent.set(last, { kind: 'symlink', target, owner })
  }

  /** Depth first, each directory's entries sorted by byte value. Made anew each time that they are iterated over. */
  async entries(): Promise<Iterable<LayerEntry>> {
    const orders: Orders = new Map()
    await sortLarge(this.#root, orders)
    const root = this.#root
    return { [Symbol.iterator]: () => flatten(root, '', orders) }
  }

  /** The directory that holds the name, made where it isn't there, and the last part of the name. */
  #place(name: ByteString): { readonly parent: Map<ByteString, Node>; readonly last: ByteString } {
    const parts = name.split('/').map(asByteString)
    const last = parts.pop() ?? asByteString('')
    let parent = this.#root
    for (const part of parts) {
      const child = parent.get(part)
      if (child?.kind === 'directory') {
        parent = child.children
      } else {
        const made = newDirectory()
        parent.set(part, made)
        parent = made.children
      }
    }
    return { parent, last }
  }
}

function newDirectory() {
  const children = new Map<ByteString, Node>()
  return { kind: 'directory', mode: DIRECTORY_MODE, children, owner: ROOT } as const
}

type Directory = ReadonlyMap<ByteString, Node>
/** The names in each large directory, sorted. */
type Orders = Map<Directory, readonly ByteString[]>

async function sortLarge(directory: Directory, orders: Orders): Promise<void> {
  if (directory.size > LARGE_DIRECTORY) orders.set(directory, await sortedNames([...directory.keys()]))
  for (const node of directory.values()) if (node.kind === 'directory') await sortLarge(node.children, orders)
}

function* flatten(directory: Directory, prefix: string, orders: Orders): Generator<LayerEntry> {
  for (const key of orders.get(directory) ?? [...directory.keys()].sort()) {
    const node = directory.get(key)
    const name = asByteString(`${prefix}${key}`)
    switch (node?.kind) {
      case 'directory':
        yield { kind: 'directory', name, mode: node.mode, ...attributesOf(node) }
        yield* flatten(node.children, `${name}/`, orders)
        break
      case 'file':
        yield { kind: 'file', name, mode: node.mode, ...contentOf(node.content), ...attributesOf(node) }
        break
      case 'symlink':
        yield { kind: 'symlink', name, target: node.target, ...attributesOf(node) }
        break
      default:
    }
  }
}

function contentOf(content: FileContent): { size: number; content?: Uint8Array; source?: ByteString } {
  return content instanceof Uint8Array ? { size: content.length, content } : content
}

/** Nothing for root's, so that such an entry is the same as ever. */
function attributesOf({ owner: { uid = 0, gid = 0 } }: Owned): { readonly attributes?: TarAttributes } {
  return uid === 0 && gid === 0 ? {} : { attributes: { uid, gid } }
}
