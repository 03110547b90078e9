/** Figures of the operator for Prometheus. No name of a profile is in them: the number of labels would have no bound. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from '@prometheus-io/client'

/** From an idle look to the longest wait for health. */
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900]

export type OperatorFigures = {
  readonly waiting: number
  readonly running: number
  readonly targets: number
  readonly isLeading: boolean
}

export class OperatorMetrics {
  readonly #registry = new Registry()
  readonly #seconds = new Histogram({
    name: 'pushless_operator_reconcile_seconds',
    help: 'How long a profile or a set was worked on, by outcome',
    labelNames: ['kind', 'outcome'],
    buckets: SECONDS,
    registers: [this.#registry],
  })
  readonly #waited = new Histogram({
    name: 'pushless_operator_queue_seconds',
    help: 'How long keys waited for their turn',
    buckets: SECONDS,
    registers: [this.#registry],
  })
  readonly #failures = new Counter({
    name: 'pushless_operator_failures_total',
    help: 'Reconciliations that failed, by the reason of the condition',
    labelNames: ['reason'],
    registers: [this.#registry],
  })
  readonly #drift = new Counter({
    name: 'pushless_operator_drift_total',
    help: 'Drifted objects: corrected, or only reported',
    labelNames: ['outcome'],
    registers: [this.#registry],
  })

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
  }

  /** @param figures asked whenever somebody looks. */
  watch(figures: () => OperatorFigures): void {
    this.#gauge('queue_waiting', 'Keys that wait for their turn', () => figures().waiting)
    this.#gauge('queue_running', 'Keys that are worked on', () => figures().running)
    this.#gauge('targets', 'Clients of target clusters that are open', () => figures().targets)
    this.#gauge('leading', 'Whether this process leads', () => (figures().isLeading ? 1 : 0))
  }

  reconciled(kind: 'profile' | 'set', outcome: 'done' | 'failed', seconds: number): void {
    this.#seconds.observe({ kind, outcome }, seconds)
  }

  waited(seconds: number): void {
    this.#waited.observe(seconds)
  }

  failed(reason: string): void {
    this.#failures.inc({ reason })
  }

  drifted(outcome: 'corrected' | 'reported', objects: number): void {
    this.#drift.inc({ outcome }, objects)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  async text(): Promise<string> {
    return this.#registry.metrics()
  }

  #gauge(name: string, help: string, ask: () => number): void {
    const gauge: Gauge = new Gauge({
      name: `pushless_operator_${name}`,
      help,
      registers: [this.#registry],
      collect: () => gauge.set(ask()),
    })
  }
}
