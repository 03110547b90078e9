/**
 * The thread that touches the store: walks, hashes and reads, with synchronous calls and nothing to wait for but the
 * disk. Hashing lets waiting reads pass between chunks, so that a cold image doesn't stop the streams of warm ones.
 */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { parseDigest, type Digest } from '../core/digest.ts'
import { RegistryError, type ErrorDetail, type ErrorKind } from '../core/errors.ts'
import { layerTree, segmentsOf, type BlobContent, type LayerEntry, type Segment } from '../core/segment.ts'
import type { StorePath } from '../core/store-path.ts'
import { chunksOf } from './chunk.ts'
import { readSegments } from './read.ts'
import { walkStorePaths } from './walk.ts'

export type Job =
  | { readonly kind: 'walk'; readonly paths: readonly StorePath[] }
  | { readonly kind: 'digest'; readonly layer: LayerSource }
  | { readonly kind: 'read'; readonly segments: readonly Segment[]; readonly length: number }

/** What a layer is made of: store paths, or entries made by us. */
export type LayerSource =
  | { readonly kind: 'paths'; readonly paths: readonly StorePath[] }
  | { readonly kind: 'entries'; readonly entries: readonly LayerEntry[] }

export type JobResult = {
  readonly walk: readonly LayerEntry[]
  readonly digest: { readonly digest: Digest; readonly size: number }
  readonly read: Uint8Array
}

export type Ask = { readonly id: number; readonly job: Job }
export type Answer =
  | { readonly id: number; readonly result: JobResult[Job['kind']] }
  | {
      readonly id: number
      readonly error: {
        readonly kind: ErrorKind | undefined
        readonly message: string
        readonly detail: ErrorDetail | undefined
      }
    }

/** Large enough that a read costs little beside its copy, small enough (under 1 ms of hashing) to let others pass. */
const HASH_CHUNK = 1024 * 1024
const buffer = Buffer.allocUnsafeSlow(HASH_CHUNK)

parentPort?.on('message', ({ id, job }: Ask) => {
  void run(job).then(
    (result) => parentPort?.postMessage({ id, result } satisfies Answer, transfersOf(result)),
    (cause: unknown) => parentPort?.postMessage({ id, error: describe(cause) } satisfies Answer),
  )
})

async function run(job: Job): Promise<JobResult[Job['kind']]> {
  switch (job.kind) {
    case 'walk':
      return walkStorePaths(job.paths)
    case 'digest':
      return digestContent({
        kind: 'tree',
        tree: layerTree(job.layer.kind === 'paths' ? walkStorePaths(job.layer.paths) : job.layer.entries),
      })
    case 'read': {
      const bytes = Buffer.allocUnsafeSlow(job.length)
      readSegments(job.segments, bytes)
      return bytes
    }
  }
}

async function digestContent(content: Extract<BlobContent, { kind: 'tree' }>): Promise<JobResult['digest']> {
  const hash = createHash('sha256')
  const { size } = content.tree
  for (const { segments } of chunksOf(segmentsOf(content, { start: 0, end: size }), () => HASH_CHUNK)) {
    hash.update(buffer.subarray(0, readSegments(segments, buffer)))
    await setImmediate()
  }
  return { digest: parseDigest(`sha256:${hash.digest('hex')}`), size }
}

function transfersOf(result: JobResult[Job['kind']]): ArrayBuffer[] {
  return result instanceof Uint8Array && result.buffer instanceof ArrayBuffer ? [result.buffer] : []
}

function describe(cause: unknown): Extract<Answer, { error: unknown }>['error'] {
  if (cause instanceof RegistryError)
    return { kind: cause.kind, message: cause.message, detail: cause.detail }
  return {
    kind: undefined,
    message: cause instanceof Error ? cause.message : String(cause),
    detail: undefined,
  }
}
