/** Files, directories and links gathered in any order, given back as tar entries in the order of layer tar, format 1. */
import type { LayerEntry } from '../core/segment.ts'

type Node =
  | { readonly kind: 'directory'; readonly mode: number; readonly children: Map<string, Node> }
  | { readonly kind: 'file'; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: 'symlink'; readonly target: string }

const DIRECTORY_MODE = 0o755

/** Names are byte strings (see core/tar-header.ts), relative, without `.` or `..`. What is put twice is replaced. */
export class FileTree {
  readonly #root = new Map<string, Node>()

  /** Keeps what is in a directory of this name, and without `mode` its mode too. */
  directory(name: string, mode?: number): void {
    const { parent, last } = this.#place(name)
    const present = parent.get(last)
    const { mode: had, children } =
      present?.kind === 'directory' ? present : { mode: DIRECTORY_MODE, children: new Map<string, Node>() }
    parent.set(last, { kind: 'directory', mode: mode ?? had, children })
  }

  file(name: string, mode: number, content: Uint8Array): void {
    const { parent, last } = this.#place(name)
    parent.set(last, { kind: 'file', mode, content })
  }

  symlink(name: string, target: string): void {
    const { parent, last } = this.#place(name)
    parent.set(last, { kind: 'symlink', target })
  }

  /** Depth first, each directory's entries sorted by byte value. */
  entries(): LayerEntry[] {
    return [...flatten(this.#root, '')]
  }

  /** The directory that holds the name, made where it isn't there, and the last part of the name. */
  #place(name: string): { readonly parent: Map<string, Node>; readonly last: string } {
    const parts = name.split('/')
    const last = parts.pop() ?? ''
    let parent = this.#root
    for (const part of parts) {
      const child = parent.get(part)
      if (child?.kind === 'directory') {
        parent = child.children
      } else {
        const made = { kind: 'directory', mode: DIRECTORY_MODE, children: new Map<string, Node>() } as const
        parent.set(part, made)
        parent = made.children
      }
    }
    return { parent, last }
  }
}

function* flatten(directory: ReadonlyMap<string, Node>, prefix: string): Generator<LayerEntry> {
  for (const key of [...directory.keys()].sort()) {
    const node = directory.get(key)
    const name = `${prefix}${key}`
    switch (node?.kind) {
      case 'directory':
        yield { kind: 'directory', name, mode: node.mode }
        yield* flatten(node.children, `${name}/`)
        break
      case 'file':
        yield { kind: 'file', name, mode: node.mode, size: node.content.length, content: node.content }
        break
      case 'symlink':
        yield { kind: 'symlink', name, target: node.target }
        break
      default:
    }
  }
}
