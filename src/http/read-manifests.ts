/**
 * Reads manifests of any kind beside the event loop: pulls go on meanwhile, and a text made to exhaust the reader (ten
 * million brackets take minutes and gigabytes) ends a thread, not the registry.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import pLimit from 'p-limit'
import { RegistryError } from '../core/errors.ts'
import type { ManifestReferences } from '../core/manifest-references.ts'
import type { ManifestAnswer, ManifestTask } from './manifest-worker.ts'

/** Measured on a busy core: 10 MB of YAML in many documents take 14 s, 5 MB in one document 7 s and 500 MB. */
const TIME_LIMIT_MS = 60_000
const MEMORY_LIMIT_MB = 512
const AT_ONCE = 1
/** As in layer/store-reader.ts. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './manifest-worker.ts' : './manifest-worker.js',
  import.meta.url,
)
const limit = pLimit(AT_ONCE)

/** @throws RegistryError `manifest-invalid` for what is broken, or takes more than it should. */
export async function readManifests(task: ManifestTask): Promise<ManifestReferences> {
  return limit(async () => {
    const worker = new Worker(WORKER, {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_LIMIT_MB },
    })
    try {
      const [answer] = (await once(worker, 'message', {
        signal: AbortSignal.timeout(TIME_LIMIT_MS),
      })) as [ManifestAnswer]
      if ('references' in answer) return answer.references
      throw new RegistryError(
        'manifest-invalid',
        answer.message,
        answer.detail === undefined ? {} : { detail: answer.detail },
      )
    } catch (cause) {
      if (cause instanceof RegistryError) throw cause
      throw new RegistryError(
        'manifest-invalid',
        'these manifests take too long or too much memory to read',
        {
          cause,
        },
      )
    } finally {
      await worker.terminate()
    }
  })
}
