/**
 * `pushless warm`: has a running registry fetch or build images before anybody pulls them. It asks as a client that
 * pulls does, and whatever the registry has begun goes on without it.
 */
import pLimit from 'p-limit'
import type { FoundImage, ImageReferences } from '../../kubernetes/references/image-references.ts'
import { readSeconds } from '../read-seconds.ts'
import { registryHeaders } from '../registry-headers.ts'
import { parseRegistryUrl } from '../registry-url.ts'
import { terminalReporter } from '../display/warm-display.ts'
import { readWarmInput } from './warm-input.ts'
import { jsonReporter, type Progress, type Reporter, type Summary } from '../display/warm-progress.ts'
import { warmImage } from './warm-image.ts'

export type WarmOptions = {
  readonly registry: string
  /** Hosts that the registry is known by, beside `nix.internal` and that of its URL. */
  readonly hosts: readonly string[]
  /** Seconds in all. */
  readonly timeout: string
  readonly allowEmpty: boolean
  /** For registries that tell of their builds only to who has it; empty for none. */
  readonly tokenFile: string
  /** The terminal to draw on. Undefined: write JSON lines. */
  readonly terminal: 'none' | 'plain' | 'color'
}

/** Enough that fetches don't wait behind builds; the registry's own limits are what counts. */
const AT_ONCE = 16
/** As shells have it: 128 and the signal's number. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const

/** @returns the exit status: 0 when all are ready, 1 when some aren't, 130 after Ctrl-C. @throws UsageError. */
export async function warm(names: readonly string[], options: WarmOptions): Promise<number> {
  const registry = parseRegistryUrl(options.registry)
  const timeoutMs = readSeconds('--timeout', options.timeout)
  const headers = registryHeaders(options.tokenFile)
  const references = await readWarmInput({
    arguments: names,
    hosts: [registry.host, ...options.hosts],
    mayBeEmpty: options.allowEmpty,
    stdin: process.stdin,
  })
  const stop = new AbortController()
  const start = performance.now()
  let status: number | undefined
  let isLate = false
  const onSignal = (signal: NodeJS.Signals) => {
    status = signal === 'SIGTERM' ? INTERRUPTED.SIGTERM : INTERRUPTED.SIGINT
    stop.abort()
  }
  // Once: a second signal gets the system's own handling.
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  // The reader of our output has gone.
  process.stdout.on('error', () => stop.abort())
  const timer = setTimeout(() => {
    isLate = true
    stop.abort()
  }, timeoutMs)
  const jobs = references.images.map((image) => ({ image, progress: progressOf(image) }))
  const progress = [...jobs.map((job) => job.progress), ...references.malformed.map(malformedProgress)]
  const reporter =
    process.stdout.isTTY && options.terminal !== 'none'
      ? terminalReporter(process.stdout, progress, options.terminal === 'color')
      : jsonReporter((text) => process.stdout.write(text))
  try {
    for (const image of progress) reporter.changed(image)
    const limit = pLimit(AT_ONCE)
    const { signal } = stop
    await Promise.all(
      jobs.map(async (job) => limit(async () => warmImage(job, { registry, headers, reporter, signal }))),
    )
  } finally {
    clearTimeout(timer)
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    if (isLate) giveUp(progress, options.timeout, reporter)
    reporter.ended(summaryOf(progress, references, performance.now() - start))
  }
  return status ?? (progress.every(({ state }) => state === 'ready') ? 0 : 1)
}

function progressOf({ name, places }: FoundImage): Progress {
  return { name, places, state: 'queued' }
}

/** Kubelet would refuse it without asking us. */
function malformedProgress({ name, reason, place }: ImageReferences['malformed'][number]): Progress {
  return { name, places: [place], state: 'failed', errors: [{ code: 'NAME_INVALID', message: reason }] }
}

function giveUp(progress: readonly Progress[], timeout: string, reporter: Reporter): void {
  const message = `not ready after ${timeout} s; the registry goes on with what it has begun`
  for (const image of progress) {
    if (image.state === 'ready' || image.state === 'failed') continue
    image.state = 'failed'
    image.errors = [{ code: 'TIMEOUT', message }]
    reporter.changed(image)
  }
}

function summaryOf(
  progress: readonly Progress[],
  { foreign }: ImageReferences,
  milliseconds: number,
): Summary {
  const ready = progress.filter(({ state }) => state === 'ready').length
  const failed = progress.filter(({ state }) => state === 'failed').length
  return {
    ready,
    failed,
    unfinished: progress.length - ready - failed,
    foreign: foreign.length,
    seconds: milliseconds / 1000,
  }
}
