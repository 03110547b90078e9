/** Requests one image until it is ready, and follows what the registry reports meanwhile. */
import type { FoundImage } from '../../kubernetes/references/image-references.ts'
import { buildNews } from '../display/build-news.ts'
import type { Progress, Reporter } from '../display/warm-progress.ts'
import { requestImage, type OciError } from './warm-request.ts'

export type Warming = {
  readonly registry: URL
  readonly headers: Readonly<Record<string, string>>
  readonly reporter: Reporter
  readonly signal: AbortSignal
}

/** Leaves the image as it is when the signal aborts; everything else that can happen ends as its state. */
export async function warmImage(
  { image, progress }: { readonly image: FoundImage; readonly progress: Progress },
  { registry, headers, reporter, signal }: Warming,
): Promise<void> {
  if (signal.aborted) return
  const update = (changes: Partial<Progress>) => {
    Object.assign(progress, changes)
    reporter.changed(progress)
  }
  update({ state: 'waiting', began: performance.now() })
  const over = new AbortController()
  const telling = tell(
    buildNews(registry, image.reference.storeHash, headers, AbortSignal.any([signal, over.signal])),
    (news) => {
      if (!over.signal.aborted) update(news)
    },
  )
  try {
    const { kind: state, ...outcome } = await requestImage(
      registry,
      image,
      (error) => update(waitingFor(progress, error)),
      signal,
    )
    over.abort()
    update({ state, ...outcome, ended: performance.now() })
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    over.abort()
    await telling
  }
}

async function tell<T>(all: AsyncIterable<T>, hear: (one: T) => void): Promise<void> {
  for await (const one of all) hear(one)
}

/** The reason that a registry gives for having no answer, where no better one is known. */
function waitingFor({ path, line }: Progress, { message, detail }: OciError): Partial<Progress> {
  const building = detail?.['building']
  const last: unknown = Array.isArray(building) ? building.at(-1) : building
  if (typeof last === 'string') return { state: 'building', path: path ?? last }
  return path === undefined && line === undefined ? { line: message } : {}
}
