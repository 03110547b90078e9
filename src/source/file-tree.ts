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

  directory(name: string, mode: number = DIRECTORY_MODE): void {
    this.#put(name, { kind: 'directory', mode, children: new Map() })
  }

  file(name: string, mode: number, content: Uint8Array): void {
    this.#put(name, { kind: 'file', mode, content })
  }

  symlink(name: string, target: string): void {
    this.#put(name, { kind: 'symlink', target })
  }

  /** Depth first, each directory's entries sorted by byte value. */
  entries(): LayerEntry[] {
    return [...flatten(this.#root, '')]
  }

  #put(name: string, node: Node): void {
    const parts = name.split('/')
    const last = parts.pop() ?? ''
    let directory = this.#root
    for (const part of parts) {
      const child = directory.get(part)
      if (child?.kind === 'directory') {
        directory = child.children
      } else {
        const made = { kind: 'directory', mode: DIRECTORY_MODE, children: new Map<string, Node>() } as const
        directory.set(part, made)
        directory = made.children
      }
    }
    const present = directory.get(last)
    // A directory put over another keeps what is in it.
    if (node.kind === 'directory' && present?.kind === 'directory')
      directory.set(last, { ...node, children: present.children })
    else directory.set(last, node)
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
