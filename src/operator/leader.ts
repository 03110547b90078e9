/** The work of the operator that leads: it watches its own kinds, and works through those that changed or are due. */
import { textAt } from '../core/json-fields.ts'
import type { SetName } from '../delivery/set/object-set.ts'
import type { LiveObject } from '../kubernetes/client/cluster.ts'
import { Informer, type InformerEvent } from '../kubernetes/client/informer.ts'
import { readProfile, readTarget } from './definitions/delivery-profile.ts'
import { leaderContext, type LeaderParts } from './leader-context.ts'
import { keyOfName, nameOfKey, PROFILE_KIND, SET_KIND, SET_LABEL } from './definitions/operator-kinds.ts'
import { WorkQueue, type Outcome } from './queue/work-queue.ts'
import { dependenciesOf, isReady } from './reconcile/dependencies.ts'
import type { OperatorContext } from './reconcile/operator-context.ts'
import { CHANGED, DEPENDENCY, reconcileProfile } from './reconcile/reconcile-profile.ts'
import { reconcileSet } from './reconcile/reconcile-set.ts'
import type { OperatorOptions } from './operator-options.ts'
import type { OperatorFigures } from './service/operator-metrics.ts'
import { conditionOf, readConditions } from './status/conditions.ts'
import { SecretWatches } from './target/secret-watches.ts'

/** Changing it has a profile looked at again at once. */
const REQUESTED = 'pushless.internal/reconcile-at'
/** Keys of sets in the queue. */
const SET_PREFIX = 'set '
const SET_LANE = 'sets'

export class Leader {
  readonly #context: OperatorContext
  readonly #queue: WorkQueue
  readonly #profiles: Informer
  readonly #sets: Informer
  readonly #secrets: SecretWatches

  constructor(options: OperatorOptions, parts: LeaderParts) {
    const { namespace, log } = options
    const onTrouble = (error: unknown): void => log.warn({ err: error }, 'the watch of the operator’s kinds')
    this.#profiles = new Informer(parts.own, PROFILE_KIND, {
      namespace,
      onTrouble,
      onEvent: (event) => this.#profileChanged(event),
    })
    this.#sets = new Informer(parts.own, SET_KIND, {
      namespace,
      onTrouble,
      onEvent: (event) => this.#setChanged(event),
    })
    this.#context = leaderContext(options, parts, {
      profiles: () => this.#profiles.objects(),
      profile: ({ namespace, name }) => this.#profiles.get(name, namespace),
      onSuspect: (user, object) => this.#queue.add(user, object),
    })
    this.#secrets = new SecretWatches({
      own: parts.own,
      onChange: (user) => this.#lookAgain(user, new Error('the kubeconfig changed')),
      onTrouble: (error, secret) => log.warn({ err: error, secret }, 'the watch of a kubeconfig'),
    })
    this.#queue = new WorkQueue({
      work: async (key, reasons, signal) => this.#work(key, reasons, signal),
      laneOf: (key) => this.#laneOf(key),
      perLane: options.perTarget,
      onDefect: (key, error) => log.error({ err: error, key }, 'a defect'),
      onStart: (_key, waitedMs) => parts.metrics.waited(waitedMs / 1000),
    })
  }

  get figures(): OperatorFigures {
    const { waiting, running } = this.#queue
    return { waiting, running, targets: this.#context.targets.size, isLeading: true }
  }

  /** Runs until the signal ends it, and everything that it began has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const watching = Promise.all([this.#profiles.run(signal), this.#sets.run(signal)])
    try {
      // Work begins when all profiles are known: one may depend on another. Sets come later, if their kind is there.
      const aborted = new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve(), { once: true }),
      )
      await Promise.race([this.#profiles.synced, aborted])
      await this.#queue.run(signal)
      await watching
    } finally {
      this.#secrets.close()
      this.#context.targets.close()
    }
  }

  async #work(key: string, reasons: ReadonlySet<string>, signal: AbortSignal): Promise<Outcome> {
    const begun = performance.now()
    const kind = key.startsWith(SET_PREFIX) ? 'set' : 'profile'
    const { namespace, name } = nameOfKey(key.replace(SET_PREFIX, ''))
    const live = (kind === 'set' ? this.#sets : this.#profiles).get(name, namespace)
    if (live === undefined) return { kind: 'done', againMs: undefined }
    const outcome =
      kind === 'set'
        ? await reconcileSet(live, signal, this.#context)
        : await reconcileProfile(live, reasons, signal, this.#context)
    this.#context.metrics.reconciled(kind, outcome.kind, (performance.now() - begun) / 1000)
    return outcome
  }

  /** Profiles of one target share a lane, so that one which is down delays no other. */
  #laneOf(key: string): string {
    if (key.startsWith(SET_PREFIX)) return SET_LANE
    const name = nameOfKey(key)
    const secret = secretOf(name, this.#profiles.get(name.name, name.namespace))
    return secret === undefined ? 'own' : `${secret.namespace}/${secret.name}`
  }

  /** Has the work on a profile begin anew, also where it goes on. */
  #lookAgain(key: string, reason: Error): void {
    this.#queue.interrupt(key, reason)
    this.#queue.add(key, CHANGED)
  }

  #profileChanged(event: InformerEvent): void {
    const { object } = event
    const key = keyOfName(nameOf(object))
    if (event.kind === 'deleted') {
      this.#queue.forget(key)
      this.#secrets.watch(key, undefined)
      this.#context.targets.release(key)
      this.#context.corrections.forget(key)
    } else if (event.kind === 'added' || isChanged(event.before, object)) {
      this.#secrets.watch(key, secretOf(nameOf(object), object))
      this.#lookAgain(key, new Error('the spec changed'))
    }
    const before = event.kind === 'modified' ? event.before : undefined
    if (judgementOf(before) !== judgementOf(object) || event.kind === 'deleted') this.#tellSet(object)
    if (before === undefined || isReady(before) !== isReady(object) || isChanged(before, object))
      this.#tellDependents(key)
  }

  #tellSet({ metadata }: LiveObject): void {
    const set = textAt(metadata, 'labels', SET_LABEL)
    if (set !== undefined) this.#queue.add(`${SET_PREFIX}${metadata.namespace ?? ''}/${set}`, DEPENDENCY)
  }

  #tellDependents(key: string): void {
    for (const other of this.#profiles.objects()) {
      const depends = dependenciesOf(readProfile(other)).some((name) => keyOfName(name) === key)
      if (depends) this.#queue.add(keyOfName(nameOf(other)), DEPENDENCY)
    }
  }

  #setChanged(event: InformerEvent): void {
    const key = `${SET_PREFIX}${keyOfName(nameOf(event.object))}`
    if (event.kind === 'deleted') this.#queue.forget(key)
    else if (event.kind === 'added' || isChanged(event.before, event.object)) this.#queue.add(key, CHANGED)
  }
}

function isChanged(before: LiveObject, after: LiveObject): boolean {
  return (
    before.metadata['generation'] !== after.metadata['generation'] ||
    before.metadata['deletionTimestamp'] !== after.metadata['deletionTimestamp'] ||
    textAt(before.metadata, 'annotations', REQUESTED) !== textAt(after.metadata, 'annotations', REQUESTED)
  )
}

/** Returns the facts of a profile that its set judges it by. */
function judgementOf(live: LiveObject | undefined): string {
  const ready = conditionOf(readConditions(live?.['status']), 'Ready')
  return JSON.stringify([
    live?.metadata['generation'],
    ready?.status,
    ready?.observedGeneration,
    ready?.message,
  ])
}

/** The Secret that has the kubeconfig of a profile's target. */
function secretOf(name: SetName, live: LiveObject | undefined): SetName | undefined {
  const { kubeconfig } = readTarget(live?.['spec'], name)
  return kubeconfig === undefined ? undefined : { namespace: name.namespace, name: kubeconfig.name }
}

function nameOf({ metadata }: LiveObject): SetName {
  return { namespace: metadata.namespace ?? '', name: metadata.name }
}
