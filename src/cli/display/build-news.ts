/**
 * Follows work that a registry reports: `GET /builds/<hash>?follow`, server-sent events `state` and `log`. It is for
 * display only. Where the events are missing, forbidden or break off, there is no news.
 */
import { setTimeout } from 'node:timers/promises'
import type { StoreHash } from '../../core/nix/store-path.ts'

export type BuildNews = {
  readonly state?: 'queued' | 'building' | 'fetching'
  /** The derivation that Nix builds now, or the path that it fetches. */
  readonly path?: string
  /** The last line of its log. */
  readonly line?: string
}

/** The work has begun by then; what takes less needs no news. */
const FIRST_LOOK_MS = 700
const MAX_PAUSE_MS = 30_000
/** Lines of the registry's own, between those of the builders. */
const STEP = /^(?:building|fetching) (\/nix\/store\/[^ ]+)$/
/** An event is a few lines; one that isn't is not read further. */
const MAX_EVENT_LENGTH = 1_000_000

/** Until the signal aborts; looks again from time to time while there is nothing. */
export async function* buildNews(
  registry: URL,
  hash: StoreHash,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): AsyncGenerator<BuildNews> {
  for (let pause = FIRST_LOOK_MS; !signal.aborted; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
    try {
      await setTimeout(pause, undefined, { signal })
      const response = await fetch(new URL(`builds/${hash}?follow`, registry), {
        signal,
        headers: { ...headers, accept: 'text/event-stream' },
      })
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
      if (response.ok && isStream && response.body !== null) yield* newsOf(response.body)
      else await response.body?.cancel()
      if (response.status === 401 || response.status === 403) return
    } catch {
      // Looked for again, unless nobody wants to know any more.
    }
  }
}

async function* newsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<BuildNews> {
  let text = ''
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    // Events are separated by empty lines; the last piece may go on.
    const events = text.split(/\r?\n\r?\n/)
    text = events.pop() ?? ''
    if (text.length > MAX_EVENT_LENGTH) return
    for (const event of events) yield* readEvent(event)
  }
}

/** Fields of an event: WHATWG HTML, 9.2.6. */
export function* readEvent(event: string): Generator<BuildNews> {
  const field = (name: string) =>
    event
      .split(/\r?\n/)
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
      .join('\n')
  const kind = field('event')
  const data = field('data')
  if (kind === 'log') {
    for (const line of data.split('\n')) {
      const [, path] = STEP.exec(line) ?? []
      if (path !== undefined) yield { path }
      else if (line.trim() !== '') yield { line }
    }
  } else if (kind === 'state') {
    const { state, kind: work } = parse(data)
    if (state === 'queued') yield { state }
    else if (state === 'running') yield { state: work === 'fetch' ? 'fetching' : 'building' }
  }
}

function parse(text: string): { readonly state?: unknown; readonly kind?: unknown } {
  try {
    return Object(JSON.parse(text)) as object
  } catch {
    return {}
  }
}
