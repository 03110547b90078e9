/**
 * The entries of an EROFS image, in little memory: unlike a tar, such an image begins with the places of all that is in
 * it. A file takes about 30 bytes and its name, so 200 000 files need less than 10 MB.
 */
import { absolutePath, asByteString, displayPath, type ByteString } from '../byte-string.ts'
import { RegistryError } from '../errors/errors.ts'
import type { LayerEntry } from '../tar/segment.ts'
import { ROOT, SYMLINK_MODE, type TarAttributes } from '../tar/tar-header.ts'
import { MAX_NAME_LENGTH, MAX_TARGET_LENGTH, TYPE_BITS } from './erofs-structures.ts'

/** The node of the root directory. */
export const ROOT_NODE = 0
/** The mode of the root, and of directories that no entry names. */
const DIRECTORY_MODE = 0o755
/** Nodes that there is room for at first. */
const FIRST_ROOM = 32
/** Bytes of an average name, and of the targets of links. */
const NAME_ROOM = 24

/** Facts that few nodes have. */
type Rare = Pick<LayerEntry, 'attributes'> & { readonly content?: Uint8Array; readonly source?: ByteString }

export class ErofsTree {
  /** Nodes, those that were replaced included. */
  count = 0
  /** Permissions and type. */
  modes = new Uint16Array(FIRST_ROOM)
  /** Bytes of files and targets. */
  sizes = new Float64Array(FIRST_ROOM)
  parents = new Uint32Array(FIRST_ROOM)
  /** The name of each node, and behind it the target of a link. */
  texts = Buffer.alloc(FIRST_ROOM * NAME_ROOM)
  nameStarts = new Float64Array(FIRST_ROOM)
  nameLengths = new Uint8Array(FIRST_ROOM)
  #textEnd = 0
  readonly #rare = new Map<number, Rare>()
  readonly #directories = new Map<ByteString, number>()
  #lastDirectory = asByteString('')
  #lastParent = ROOT_NODE

  constructor() {
    this.#addNode(asByteString(''), ROOT_NODE, TYPE_BITS.directory | DIRECTORY_MODE)
    this.#directories.set(asByteString(''), ROOT_NODE)
  }

  /**
   * Adds an entry, or replaces the one of the same name; a directory keeps what is in it.
   * @throws RegistryError `unservable` for a name or a target that EROFS can't hold.
   */
  add(entry: LayerEntry): void {
    const name = entry.name
    const mode = TYPE_BITS[entry.kind] | (entry.mode ?? SYMLINK_MODE)
    const known = entry.kind === 'directory' ? this.#directories.get(name) : undefined
    if (known !== undefined) {
      this.modes[known] = mode
      this.#note(known, entry)
      return
    }
    const slash = name.lastIndexOf('/')
    const parent = this.#directory(asByteString(name.slice(0, Math.max(0, slash))))
    const own = asByteString(name.slice(slash + 1))
    if (own.length > MAX_NAME_LENGTH) refuse(name, 'a name', own.length, MAX_NAME_LENGTH)
    if (entry.kind === 'symlink' && entry.target.length > MAX_TARGET_LENGTH)
      refuse(name, 'a link to a path', entry.target.length, MAX_TARGET_LENGTH)
    const node = this.#addNode(own, parent, mode)
    this.#note(node, entry)
    if (entry.kind === 'directory') this.#directories.set(name, node)
    if (entry.kind === 'file') this.sizes[node] = entry.size
    if (entry.kind === 'symlink') this.sizes[node] = this.#addText(entry.target)
  }

  /** Bytes that were made here, if they are the content of a file. */
  contentOf(node: number): Uint8Array | undefined {
    return this.#rare.get(node)?.content
  }

  attributesOf(node: number): Required<TarAttributes> {
    const attributes = this.#rare.get(node)?.attributes
    return attributes === undefined ? ROOT : { ...ROOT, ...attributes }
  }

  /** The file of the store that has the content of a file: an absolute path. */
  sourceOf(node: number): ByteString {
    return this.#rare.get(node)?.source ?? absolutePath(this.#pathOf(node))
  }

  typeOf(node: number): 'file' | 'directory' | 'symlink' {
    const bits = (this.modes[node] ?? 0) & 0o170000
    if (bits === TYPE_BITS.directory) return 'directory'
    return bits === TYPE_BITS.file ? 'file' : 'symlink'
  }

  /** Compares names by their bytes. */
  compareNames(a: number, b: number): number {
    const startA = this.nameStarts[a] ?? 0
    const startB = this.nameStarts[b] ?? 0
    const endA = startA + (this.nameLengths[a] ?? 0)
    const endB = startB + (this.nameLengths[b] ?? 0)
    return this.texts.compare(this.texts, startB, endB, startA, endA)
  }

  copyName(node: number, bytes: Buffer, at: number): void {
    const start = this.nameStarts[node] ?? 0
    this.texts.copy(bytes, at, start, start + (this.nameLengths[node] ?? 0))
  }

  /** Bytes of all names and targets. */
  get textLength(): number {
    return this.#textEnd
  }

  /** Copies the name of a node, and the target of a link. @returns how many bytes. */
  copyTexts(node: number, bytes: Buffer, at: number): number {
    const start = this.nameStarts[node] ?? 0
    const target = this.typeOf(node) === 'symlink' ? (this.sizes[node] ?? 0) : 0
    return this.texts.copy(bytes, at, start, start + (this.nameLengths[node] ?? 0) + target)
  }

  targetOf(node: number): Uint8Array {
    const start = (this.nameStarts[node] ?? 0) + (this.nameLengths[node] ?? 0)
    return this.texts.subarray(start, start + (this.sizes[node] ?? 0))
  }

  #pathOf(node: number): ByteString {
    const start = this.nameStarts[node] ?? 0
    const name = this.texts.toString('latin1', start, start + (this.nameLengths[node] ?? 0))
    const parent = this.parents[node] ?? ROOT_NODE
    return asByteString(parent === ROOT_NODE ? name : `${this.#pathOf(parent)}/${name}`)
  }

  #directory(name: ByteString): number {
    // Neighbours mostly share a directory.
    if (name === this.#lastDirectory) return this.#lastParent
    this.#lastParent = this.#directories.get(name) ?? this.#missing(name)
    this.#lastDirectory = name
    return this.#lastParent
  }

  #missing(name: ByteString): number {
    this.add({ kind: 'directory', name, mode: DIRECTORY_MODE })
    return this.count - 1
  }

  #note(node: number, { attributes, content, source }: LayerEntry): void {
    if (attributes === undefined && content === undefined && source === undefined) this.#rare.delete(node)
    else
      this.#rare.set(node, {
        ...(attributes === undefined ? {} : { attributes }),
        ...(content === undefined ? {} : { content }),
        ...(source === undefined ? {} : { source }),
      })
  }

  #addNode(name: ByteString, parent: number, mode: number): number {
    const node = this.count
    if (node === this.modes.length) this.#grow()
    this.count += 1
    this.modes[node] = mode
    this.parents[node] = parent
    this.nameStarts[node] = this.#textEnd
    this.nameLengths[node] = this.#addText(name)
    return node
  }

  #addText(text: ByteString): number {
    const end = this.#textEnd + text.length
    if (end > this.texts.length) {
      const larger = Buffer.alloc(Math.max(end, this.texts.length * 2))
      this.texts.copy(larger)
      this.texts = larger
    }
    this.texts.write(text, this.#textEnd, 'latin1')
    this.#textEnd = end
    return text.length
  }

  #grow(): void {
    const room = this.count * 2
    this.modes = copied(new Uint16Array(room), this.modes)
    this.sizes = copied(new Float64Array(room), this.sizes)
    this.parents = copied(new Uint32Array(room), this.parents)
    this.nameStarts = copied(new Float64Array(room), this.nameStarts)
    this.nameLengths = copied(new Uint8Array(room), this.nameLengths)
  }
}

function refuse(name: ByteString, what: string, length: number, limit: number): never {
  const path = displayPath(absolutePath(name))
  throw new RegistryError('unservable', `${path}: ${what} of ${length} bytes, and EROFS has at most ${limit}`)
}

function copied<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(larger: T, values: T): T {
  larger.set(values)
  return larger
}
