/** Has the registry fetch and build the images of a set first, so that no Pod waits for a build. */
import pLimit from 'p-limit'
import { findReferences, mergeReferences } from '../../kubernetes/references/image-references.ts'
import { asYamlStream } from '../../kubernetes/read/yaml-chunks.ts'
import { registryHeaders } from '../registry-headers.ts'
import type { Progress } from '../display/warm-progress.ts'
import type { ManifestFile } from '../manifests/object-files.ts'
import { warmImage } from '../warm/warm-image.ts'
import { parseRegistryUrl } from '../registry-url.ts'
import type { ApplyFlags } from './delivery-flags.ts'
import type { DeliveryReporter } from './delivery-reporter.ts'

const AT_ONCE = 16

/**
 * @returns whether all images can be pulled. Those that can't have been reported with their reasons.
 * @throws UsageError for a registry that is no URL.
 */
export async function warmImages(
  files: readonly ManifestFile[],
  { registry, host, tokenFile }: Pick<ApplyFlags, 'registry' | 'host' | 'tokenFile'>,
  {
    timeoutMs,
    reporter,
  }: {
    readonly timeoutMs: number
    readonly reporter: Pick<DeliveryReporter, 'onEvent' | 'onImage' | 'signal'>
  },
): Promise<boolean> {
  if (registry === undefined || registry === false) return true
  const url = parseRegistryUrl(registry)
  const hosts = [url.host, ...host]
  const { images, malformed } = mergeReferences(
    files.map(({ text, source }) => findReferences(asYamlStream(text), { source, hosts, skipBroken: true })),
  )
  const headers = registryHeaders(tokenFile)
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), reporter.signal])
  const say = (message: string): void => reporter.onEvent({ kind: 'note', message })
  for (const { name, reason } of malformed) say(`image ${name}: ${reason}`)
  const limit = pLimit(AT_ONCE)
  const states = await Promise.all(
    images.map(async (image) => {
      const progress: Progress = { name: image.name, places: image.places, state: 'queued' }
      const warming = {
        registry: url,
        headers,
        signal,
        reporter: { changed: reporter.onImage, ended: () => undefined },
      }
      await limit(async () => warmImage({ image, progress }, warming))
      if (progress.state !== 'ready' && progress.state !== 'failed')
        say(`image ${image.name}: not ready after ${timeoutMs / 1000} s; the registry goes on`)
      return progress.state
    }),
  )
  reporter.signal.throwIfAborted()
  return malformed.length === 0 && states.every((state) => state === 'ready')
}
