/**
 * Figures for Prometheus at `/metrics`. No store path is in them: the number of labels would have no bound, and
 * readers of figures need not know what is deployed.
 */
import { pathOf } from './request-target.ts'
import {
  Counter,
  Gauge,
  Histogram,
  Registry as Collector,
  collectDefaultMetrics,
} from '@prometheus-io/client'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RegistryError } from '../core/errors/errors.ts'
import type { LimitListener } from './access/client-limits.ts'
import { bytesOverHttp2 } from './connection/http2.ts'
import { atEnd } from './connection/response-end.ts'
import type { WorkListener } from '../registry/work/work-event.ts'
import type { Lookup } from '../registry/artifact/images.ts'
import type { RegistryFigures } from '../registry/registry.ts'

/** From a cached manifest to the longest hold. */
const REQUEST_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 10, 20, 30, 60, 300]
/** From a copy of a file to a browser. */
const WORK_SECONDS = [1, 5, 15, 60, 300, 900, 1800, 3600, 7200]
/** A runtime drops a plugin that takes 2 s. */
const EVENT_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2]
const V2_KIND = /\/(manifests|blobs|tags|referrers)\/[^/]*$/

/** Counts of what is mounted into containers, and kept for them. */
type ZeroCopyFigures = { readonly containers: number; readonly mounts: number; readonly roots: number }

/** A request that was answered, or whose client left. */
export type EndedRequest = {
  /** As `routeOf` gives it. */
  readonly route: string
  readonly method: string
  readonly status: number
  /** From its beginning to its end. */
  readonly ms: number
  /** Sent on its connection meanwhile. */
  readonly bytes: number
}

export class Metrics {
  readonly #collector = new Collector()
  readonly #work = {
    ended: this.#counter('work_total', 'Builds and fetches that ended, by outcome', ['kind', 'outcome']),
    seconds: this.#histogram('work_seconds', 'How long builds and fetches took', ['kind'], WORK_SECONDS),
    running: this.#gauge('work_running', 'Builds and fetches going on', ['kind']),
    queued: this.#gauge('work_queued', 'Builds and fetches that wait for their turn', ['kind']),
  }
  readonly #requests = {
    ended: this.#counter('requests_total', 'Requests answered, by route and status', [
      'route',
      'method',
      'status',
    ]),
    seconds: this.#histogram('request_seconds', 'Until the last byte', ['route'], REQUEST_SECONDS),
    bytes: this.#counter('sent_bytes_total', 'Bytes that left by route, with headers over HTTP/1.1', [
      'route',
    ]),
    open: this.#gauge('requests_open', 'Requests being answered', []),
  }
  readonly #lookups = this.#counter('image_lookups_total', 'Images asked for: remembered, or made', [
    'result',
  ])
  readonly #limited = this.#counter(
    'client_limit_refusals_total',
    'Requests refused since the client had enough under way',
    ['limit'],
  )
  readonly #runtimeEvents = this.#histogram(
    'runtime_event_seconds',
    'How long events of the container runtime took to answer (--zero-copy)',
    ['event'],
    EVENT_SECONDS,
  )
  readonly #begun = new WeakMap<object, number>()

  constructor() {
    collectDefaultMetrics({ register: this.#collector })
  }

  readonly onWork: WorkListener = (work, event) => {
    const { kind } = work
    const { ended, seconds, running, queued } = this.#work
    switch (event.kind) {
      case 'queued':
        queued.inc({ kind })
        break
      case 'started':
        queued.dec({ kind })
        running.inc({ kind })
        this.#begun.set(work, performance.now())
        break
      case 'done':
      case 'failed':
        running.dec({ kind })
        ended.inc({ kind, outcome: event.kind === 'done' ? 'done' : outcomeOf(event.error) })
        seconds.observe({ kind }, (performance.now() - (this.#begun.get(work) ?? performance.now())) / 1000)
        break
      default:
    }
  }

  readonly onLimit: LimitListener = (limit) => this.#limited.inc({ limit })

  /** @param end of the certificate, asked whenever somebody looks: milliseconds since 1970. */
  watchCertificate(end: () => number): void {
    this.#gauge('tls_certificate_end_seconds', 'When the certificate ends, in seconds since 1970', [], () =>
      Math.floor(end() / 1000),
    )
  }

  /** @param figures asked whenever somebody looks. */
  watchZeroCopy(figures: () => ZeroCopyFigures): void {
    this.#gauge('zero_copy_containers', 'Containers with mounted store paths', [], () => figures().containers)
    this.#gauge('zero_copy_mounts', 'Store paths mounted into containers', [], () => figures().mounts)
    this.#gauge('zero_copy_roots', 'Store paths kept for containers', [], () => figures().roots)
  }

  /** @param event such as `CreateContainer`. */
  readonly onRuntimeEvent = (event: string, milliseconds: number): void => {
    this.#runtimeEvents.observe({ event }, milliseconds / 1000)
  }

  readonly onLookup = (result: Lookup): void => this.#lookups.inc({ result })

  /** Counts a request that doesn't reach the hook. */
  beginRequest(): void {
    this.#requests.open.inc()
  }

  endRequest({ route, method, status, ms, bytes }: EndedRequest): void {
    this.#requests.open.dec()
    this.#requests.ended.inc({ route, method, status })
    this.#requests.seconds.observe({ route }, ms / 1000)
    this.#requests.bytes.inc({ route }, Math.max(0, bytes))
  }

  /** @param figures asked whenever somebody looks. */
  register(app: FastifyInstance, figures: () => RegistryFigures): void {
    this.#gauge('requests_held', 'Requests that wait for a build or fetch', [], () => figures().held)
    this.#gauge('images', 'Images remembered', [], () => figures().images)
    const roots = this.#gauge('roots', 'Paths kept from the garbage collector', ['kind'])
    app.addHook('onRequest', (request, reply, done) => {
      const { socket } = request.raw
      const [begun, sentBefore] = [performance.now(), socket.bytesWritten]
      this.beginRequest()
      atEnd(reply.raw, () => {
        const [route, { method }, status] = [routeOf(request), request, reply.raw.statusCode]
        const bytes = bytesOverHttp2(reply.raw) ?? socket.bytesWritten - sentBefore
        this.endRequest({ route, method, status, ms: performance.now() - begun, bytes })
      })
      done()
    })
    app.get('/metrics', async (_request, reply) => {
      const { temporaryRoots, durableRoots } = figures()
      roots.set({ kind: 'temporary' }, temporaryRoots)
      roots.set({ kind: 'durable' }, durableRoots)
      return reply.type(this.#collector.contentType).send(await this.#collector.metrics())
    })
  }

  #counter<T extends string>(name: string, help: string, labelNames: T[]): Counter<T> {
    return new Counter({ name: `pushless_${name}`, help, labelNames, registers: [this.#collector] })
  }

  #gauge<T extends string>(name: string, help: string, labelNames: T[], ask?: () => number): Gauge<T> {
    const collect = ask === undefined ? {} : { collect: () => gauge.set(ask()) }
    const gauge: Gauge<T> = new Gauge({
      name: `pushless_${name}`,
      help,
      labelNames,
      registers: [this.#collector],
      ...collect,
    })
    return gauge
  }

  #histogram<T extends string>(name: string, help: string, labelNames: T[], buckets: number[]): Histogram<T> {
    return new Histogram({
      name: `pushless_${name}`,
      help,
      labelNames,
      buckets,
      registers: [this.#collector],
    })
  }
}

function outcomeOf(error: unknown): string {
  return error instanceof RegistryError ? error.kind : 'defect'
}

/** A label with few values, for any URL. */
export function routeOf({ routeOptions, raw }: FastifyRequest): string {
  const { url = 'none' } = routeOptions
  if (url !== '/v2/*') return url
  return v2RouteOf(pathOf(raw.url))
}

/** The label of a path below `/v2/`. */
export function v2RouteOf(path: string): string {
  return V2_KIND.exec(path)?.[1] ?? '/v2/'
}
