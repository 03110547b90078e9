/**
 * Images asked for ahead of their pulls: the same question as a pull's, asked again for as long as somebody listens.
 * What was begun goes on without them, under the limits that pulls have.
 */
import { setTimeout } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { Digest } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { ImageName } from '../../core/oci/image-name.ts'
import type { Registry } from '../registry.ts'
import { within } from './single-flight.ts'

export type WarmEvent =
  | { readonly kind: 'ready'; readonly image: ImageName; readonly digest: Digest }
  /** Still made, or waiting for its turn: the error says which. */
  | { readonly kind: 'waiting'; readonly image: ImageName; readonly error: RegistryError | undefined }
  | { readonly kind: 'failed'; readonly image: ImageName; readonly error: unknown }

/** Fewer than may wait in the queue by default, so that there is room for pulls. */
const AT_ONCE = 32
/** The least time of a round, where answers come at once, as with no hold or a full queue. */
const MIN_ROUND_MS = 1000
/** Enough to learn what can't be, or is there. */
const FIRST_LOOK_MS = 500

/** @param tell is waited for. Ends when all are ready or failed, or when the signal aborts. */
export async function warmUp(
  registry: Pick<Registry, 'manifest'>,
  images: readonly ImageName[],
  tell: (event: WarmEvent) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const limit = pLimit(AT_ONCE)
  await Promise.all(
    images.map(async (image) =>
      limit(async () => {
        while (!signal.aborted) {
          const asked = performance.now()
          const event = await ask(registry, image)
          await tell(event)
          if (event.kind !== 'waiting') return
          const rest = MIN_ROUND_MS - (performance.now() - asked)
          if (rest > 0) await setTimeout(rest, undefined, { signal }).catch(() => undefined)
        }
      }),
    ),
  )
}

/** Begins all of them. @returns what is known of each after a moment. */
export async function beginWarmUp(
  registry: Pick<Registry, 'manifest'>,
  images: readonly ImageName[],
): Promise<readonly WarmEvent[]> {
  return Promise.all(
    images.map(async (image) => {
      const event = await within(ask(registry, image), FIRST_LOOK_MS)
      return event?.value ?? { kind: 'waiting', image, error: undefined }
    }),
  )
}

async function ask(registry: Pick<Registry, 'manifest'>, image: ImageName): Promise<WarmEvent> {
  try {
    const { digest } = await registry.manifest(image.reference, image.selector)
    return { kind: 'ready', image, digest }
  } catch (error) {
    const isPending = error instanceof RegistryError && error.kind === 'pending'
    return isPending ? { kind: 'waiting', image, error } : { kind: 'failed', image, error }
  }
}
