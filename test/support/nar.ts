/** Nix archives made by hand, for what no Nix would make. */
import { createHash } from 'node:crypto'
import { sha256Of, type Sha256 } from '../../src/core/oci/sha256.ts'

export type Tree =
  | { readonly file: Uint8Array | string; readonly executable?: boolean }
  | { readonly symlink: string }
  | { readonly directory: readonly (readonly [name: string, tree: Tree])[] }

/** Strings as they stand in an archive: length, bytes, zeros up to a multiple of eight. */
export function strings(...texts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text)
      const length = Buffer.alloc(8)
      length.writeBigUInt64LE(BigInt(bytes.length))
      return [length, bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]
    }),
  )
}

/** Entries stay in the order given, whatever their names. */
export function nar(tree: Tree): Buffer {
  return Buffer.concat([strings('nix-archive-1'), node(tree)])
}

export function sha256(bytes: Uint8Array | string): Sha256 {
  return sha256Of(createHash('sha256').update(bytes).digest())
}

function node(tree: Tree): Buffer {
  if ('symlink' in tree) return strings('(', 'type', 'symlink', 'target', tree.symlink, ')')
  if ('file' in tree) {
    const executable = tree.executable === true ? ['executable', ''] : []
    return strings('(', 'type', 'regular', ...executable, 'contents', tree.file, ')')
  }
  const entries = tree.directory.map(([name, child]) =>
    Buffer.concat([strings('entry', '(', 'name', name, 'node'), node(child), strings(')')]),
  )
  return Buffer.concat([strings('(', 'type', 'directory'), ...entries, strings(')')])
}
