/** The SHA-256 of a tree of files as a Nix archive. Source: Nix manual, "Nix Archive (NAR) format". */
import { createHash, type Hash } from 'node:crypto'
import { closeSync, lstatSync, openSync, readSync, readdirSync, readlinkSync } from 'node:fs'
import { sha256Of, type Sha256 } from '../../../core/oci/sha256.ts'

const READ_SIZE = 1024 * 1024
const WORD = 8
const ANY_EXECUTE_BIT = 0o111

/** @throws failures of the disk. */
export function narHashOf(root: string): Sha256 {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(READ_SIZE)
  put(hash, 'nix-archive-1')
  const visit = (path: Buffer): void => {
    const stat = lstatSync(path)
    put(hash, '(', 'type')
    if (stat.isSymbolicLink()) put(hash, 'symlink', 'target', readlinkSync(path, { encoding: 'buffer' }))
    else if (stat.isDirectory()) {
      put(hash, 'directory')
      const names = readdirSync(path, { encoding: 'buffer' }).sort((a, b) => a.compare(b))
      for (const name of names) {
        put(hash, 'entry', '(', 'name', name, 'node')
        visit(Buffer.concat([path, Buffer.from('/'), name]))
        put(hash, ')')
      }
    } else {
      put(hash, 'regular', ...((stat.mode & ANY_EXECUTE_BIT) === 0 ? [] : ['executable', '']), 'contents')
      hash.update(number(stat.size))
      hash.update(padding(readInto(hash, path, buffer)))
    }
    put(hash, ')')
  }
  visit(Buffer.from(root))
  return sha256Of(hash.digest())
}

/** @returns how many bytes the file has. */
function readInto(hash: Hash, path: Buffer, buffer: Buffer): number {
  const file = openSync(path, 'r')
  try {
    for (let size = 0; ;) {
      const length = readSync(file, buffer)
      if (length === 0) return size
      hash.update(buffer.subarray(0, length))
      size += length
    }
  } finally {
    closeSync(file)
  }
}

function put(hash: Hash, ...strings: readonly (string | Buffer)[]): void {
  for (const text of strings) {
    const bytes = Buffer.from(text)
    hash.update(number(bytes.length)).update(bytes).update(padding(bytes.length))
  }
}

function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(WORD)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function padding(length: number): Uint8Array {
  return new Uint8Array((WORD - (length % WORD)) % WORD)
}
