/**
 * Reads manifests of any kind beside the event loop: pulls go on meanwhile, and a text made to exhaust the reader ends
 * a thread, not the registry. Small texts don't wait for large ones.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { RegistryError } from '../../core/errors/errors.ts'
import type { ImageList } from './image-list.ts'
import type { ReadAnswer, ReadTask } from './reading-worker.ts'
import { ReadingLane } from './reading-lane.ts'

type Limits = { readonly bytes: number; readonly heapMegabytes: number; readonly timeMs: number }

/** Measured on a busy core: the densest 64 KB take 1 s and a heap of 32 MB. */
const SMALL: Limits = { bytes: 64_000, heapMegabytes: 48, timeMs: 10_000 }
/** The densest 1 MB in one document would take 3.5 s and 150 MB, so it is refused; in many documents, 2 s and 24 MB. */
const LARGE: Limits = { bytes: Infinity, heapMegabytes: 64, timeMs: 30_000 }
/** Short-lived values are most of what a parser makes; three times V8's default of 16 MB would only lie there. */
const YOUNG_GENERATION_MB = 4
const MAX_WAITING = 32
/** As in layer/store-reader.ts. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './reading-worker.ts' : './reading-worker.js',
  import.meta.url,
)
const lanes = [
  { limits: SMALL, lane: new ReadingLane(MAX_WAITING) },
  { limits: LARGE, lane: new ReadingLane(MAX_WAITING) },
]

/**
 * @param bytes are gone afterwards: the thread takes them.
 * @param hosts under which the client knows this registry, beside `nix.internal`.
 * @throws RegistryError `manifest-invalid` for what is broken or takes too much; `busy` where too many wait.
 */
export async function readBody(bytes: Uint8Array, hosts: readonly string[]): Promise<ImageList> {
  const found = lanes.find(({ limits }) => bytes.length <= limits.bytes)
  if (found === undefined) throw new Error('no lane for a text')
  return found.lane.run(bytes.length, () => readInThread({ bytes, hosts }, found.limits))
}

async function readInThread(task: ReadTask, { heapMegabytes, timeMs }: Limits): Promise<ImageList> {
  const { buffer } = task.bytes
  const worker = new Worker(WORKER, {
    workerData: task,
    transferList: buffer instanceof ArrayBuffer && isWhole(task.bytes) ? [buffer] : [],
    // None of this process's loaders: the thread is small.
    execArgv: [],
    resourceLimits: {
      maxOldGenerationSizeMb: heapMegabytes,
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
    },
  })
  try {
    const [answer] = (await once(worker, 'message', { signal: AbortSignal.timeout(timeMs) })) as [ReadAnswer]
    if (answer.kind === 'list') return answer.list
    throw new RegistryError(answer.error, answer.message, { detail: answer.detail })
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    throw new RegistryError(
      'manifest-invalid',
      'these manifests take too long or too much memory to read: send them in parts',
      { cause },
    )
  } finally {
    await worker.terminate()
  }
}

/** Whether there is nothing else in its memory: Node keeps small buffers together. */
function isWhole({ buffer, byteLength }: Uint8Array): boolean {
  return buffer.byteLength === byteLength
}
