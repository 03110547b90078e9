/** The image that entries make, with the contents that are made here. */
import { asByteString } from '../../../src/core/byte-string.ts'
import { erofsPages, erofsTree } from '../../../src/core/erofs/erofs-pages.ts'
import { frameOfPages } from '../../../src/core/tar/frame.ts'
import { segmentsOf, type LayerEntry, type Segment } from '../../../src/core/tar/segment.ts'
import { readFiles } from '../../../src/layer/read.ts'

const pause = async () => undefined

export async function erofsSegments(entries: Iterable<LayerEntry>): Promise<readonly Segment[]> {
  const frame = frameOfPages(erofsPages(await erofsTree(entries, pause)))
  return [...segmentsOf({ kind: 'layer', frame }, { start: 0, end: frame.size })]
}

export async function erofsBytes(entries: Iterable<LayerEntry>): Promise<Buffer> {
  const pieces = (await erofsSegments(entries)).map((segment) => {
    if (segment.kind === 'bytes') return segment.bytes
    const bytes = Buffer.alloc(segment.length)
    readFiles([{ ...segment, at: 0 }], bytes)
    return bytes
  })
  return Buffer.concat(pieces)
}

export function directory(name: string, mode = 0o755): LayerEntry {
  return { kind: 'directory', name: asByteString(name), mode }
}

export function file(name: string, content: string | Uint8Array, mode = 0o444): LayerEntry {
  const bytes = Buffer.from(content)
  return { kind: 'file', name: asByteString(name), mode, size: bytes.length, content: bytes }
}

export function link(name: string, target: string): LayerEntry {
  return { kind: 'symlink', name: asByteString(name), target: asByteString(target) }
}
