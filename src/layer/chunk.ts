/** Groups segments into chunks of about one size, so that each chunk is one piece of work for a reader. */
import { cut, segmentLength, type Segment } from '../core/segment.ts'

export type Chunk = { readonly segments: readonly Segment[]; readonly length: number }

/** @param chunkSize bytes; only the last chunk is shorter. */
export function* chunksOf(segments: Iterable<Segment>, chunkSize: number): Generator<Chunk> {
  let group: Segment[] = []
  let length = 0
  for (const segment of segments) {
    let from = 0
    const size = segmentLength(segment)
    while (from < size) {
      const to = Math.min(size, from + chunkSize - length)
      group.push(cut(segment, from, to))
      length += to - from
      from = to
      if (length < chunkSize) continue
      yield { segments: group, length }
      group = []
      length = 0
    }
  }
  if (length > 0) yield { segments: group, length }
}
