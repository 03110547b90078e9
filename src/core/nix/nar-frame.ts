/**
 * Nix archives (NAR) of store paths, as segments: like a layer's tar, an archive is a frame made here around contents
 * that stay in the store's files. Source: Nix manual, "Nix Archive (NAR) format"; `archive.cc` of libutil.
 */
import { absolutePath } from '../byte-string.ts'
import { frameBuilder, type FramePage } from '../tar/frame.ts'
import type { LayerEntry } from '../tar/segment.ts'

const MAGIC = 'nix-archive-1'
const ANY_EXECUTE_BIT = 0o111

/**
 * The pages of the archive of a store path.
 * @param entries a store path and what is below it, depth first, each directory sorted by byte value; names as in
 * layers.
 */
export function* narPages(entries: Iterable<LayerEntry>): Generator<FramePage> {
  const frame = frameBuilder()
  const put = (...texts: readonly string[]) => {
    for (const text of texts) frame.bytes(string(text))
  }
  let root: LayerEntry | undefined
  /** Directories that are still open, outermost first. */
  const open: string[] = []
  const close = () => {
    open.pop()
    put(')', ...(open.length === 0 ? [] : [')']))
  }
  put(MAGIC)
  for (const entry of entries) {
    root ??= entry
    yield* frame.fullPage()
    const slash = entry.name.lastIndexOf('/')
    if (entry !== root) {
      while (open.at(-1) !== entry.name.slice(0, slash)) close()
      put('entry', '(', 'name', entry.name.slice(slash + 1), 'node')
    }
    put('(', 'type', entry.kind === 'file' ? 'regular' : entry.kind)
    switch (entry.kind) {
      case 'directory':
        open.push(entry.name)
        continue
      case 'symlink':
        put('target', entry.target)
        break
      case 'file':
        if ((entry.mode & ANY_EXECUTE_BIT) !== 0) put('executable', '')
        put('contents')
        frame.bytes(number(entry.size))
        frame.file(absolutePath(entry.name), entry.size)
        frame.bytes(padding(entry.size))
    }
    put(')', ...(entry === root ? [] : [')']))
  }
  while (open.length > 0) close()
  yield frame.lastPage()
}

/** @param text a byte string. */
function string(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([number(bytes.length), bytes, padding(bytes.length)])
}

function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function padding(length: number): Uint8Array {
  return new Uint8Array((8 - (length % 8)) % 8)
}
