/** Groups segments into chunks of about one size, so that each chunk is one piece of work for a reader. */
import { cut, segmentLength, type Segment } from '../core/tar/segment.ts'

export type Chunk = { readonly segments: readonly Segment[]; readonly length: number }

/** @param chunkSize bytes, asked anew for each chunk; the last may be shorter. */
export function* chunksOf(segments: Iterable<Segment>, chunkSize: () => number): Generator<Chunk> {
  let group: Segment[] = []
  let length = 0
  let limit = chunkSize()
  for (const segment of segments) {
    let from = 0
    const size = segmentLength(segment)
    while (from < size) {
      const to = Math.min(size, from + limit - length)
      group.push(cut(segment, from, to))
      length += to - from
      from = to
      if (length < limit) continue
      yield { segments: group, length }
      group = []
      length = 0
      limit = chunkSize()
    }
  }
  if (length > 0) yield { segments: group, length }
}
