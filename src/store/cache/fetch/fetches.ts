/** Fetches closures: each path once, however many wait for it, and each becomes valid after all that it needs. */
import { rm } from 'node:fs/promises'
import { FairLimit } from '../../../core/fair-limit.ts'
import { RegistryError } from '../../../core/errors/errors.ts'
import type { StorePath } from '../../../core/nix/store-path.ts'
import type { StoreEvent } from '../../store.ts'
import { inOrder, planClosure, type ClosurePlan } from './closure-plan.ts'
import { download, type Unpacked } from './download.ts'
import type { LookUp, Offer } from '../binary-cache/look-up.ts'
import type { Room } from '../disk/room.ts'
import { SharedWork } from './shared-work.ts'
import type { StoredPaths } from '../disk/stored-paths.ts'

/** Archives that are unpacked at once. More of them wait for the same processor. */
const DOWNLOADS_AT_ONCE = 6
const REASONS_SHOWN = 10

export class Fetches {
  readonly #lookUp: LookUp
  readonly #paths: StoredPaths
  readonly #room: Room
  readonly #downloads = new SharedWork<StorePath, Unpacked>()
  readonly #commits = new Map<StorePath, Promise<void>>()
  /** Unpacked paths that wait for what they need. */
  readonly #unpacked = new Map<StorePath, Unpacked>()
  readonly #turn = new FairLimit(DOWNLOADS_AT_ONCE, DOWNLOADS_AT_ONCE - 1)
  readonly #closing = new AbortController()

  constructor(deps: { readonly lookUp: LookUp; readonly paths: StoredPaths; readonly room: Room }) {
    this.#lookUp = deps.lookUp
    this.#paths = deps.paths
    this.#room = deps.room
  }

  /** Asks the caches for what these paths need. */
  async plan(roots: readonly StorePath[], signal: AbortSignal): Promise<ClosurePlan> {
    return planClosure(
      roots,
      (path) => this.#paths.all.has(path),
      (path) => this.#lookUp.find(path, signal),
    )
  }

  /**
   * Fetches a path and all that it needs.
   * @throws RegistryError `fetch-failed`, `no-space`.
   */
  async fetch(path: StorePath, onEvent: (event: StoreEvent) => void, signal?: AbortSignal): Promise<void> {
    const failed = new AbortController()
    const both = AbortSignal.any([
      this.#closing.signal,
      failed.signal,
      ...(signal === undefined ? [] : [signal]),
    ])
    const { offers, release } = await this.#reserve(path, both)
    try {
      const downloads = offers.map((offer) => this.#unpack(offer, onEvent, both))
      for (const each of downloads) each.catch(() => undefined)
      for (const each of downloads) await this.#commit(await each)
    } finally {
      failed.abort()
      for (const abandoned of release()) await this.#abandon(abandoned)
    }
  }

  close(): void {
    this.#closing.abort(new RegistryError('unavailable', 'the store is closed'))
  }

  /** Plans a fetch, and keeps all that it needs and has already. */
  async #reserve(path: StorePath, signal: AbortSignal) {
    for (;;) {
      const plan = await this.plan([path], signal)
      if (plan.lacking.size > 0) throw lackOf(this.#lookUp.names, path, plan)
      const offers = inOrder(plan.offers)
      const release = await this.#room.reserve(offers, plan.present)
      // Between the plan and the reservation something may have left.
      if ([...plan.present].every((present) => this.#paths.all.has(present))) return { offers, release }
      release()
    }
  }

  /** @returns nothing for a path that has become valid meanwhile. */
  async #unpack(
    offer: Offer,
    onEvent: (event: StoreEvent) => void,
    signal: AbortSignal,
  ): Promise<Unpacked | undefined> {
    const path = offer.narinfo.storePath
    if (this.#paths.all.has(path)) return undefined
    const present = this.#unpacked.get(path)
    if (present !== undefined) return present
    return this.#downloads.run(path, signal, (shared) =>
      this.#turn.run(async () => {
        shared.throwIfAborted()
        const unpacked = await download(
          offer,
          {
            partial: () => this.#paths.partial(path),
            findElsewhere: (except) => this.#lookUp.find(path, shared, except),
            onCache: (cache) => onEvent({ kind: 'substituting', path, cache }),
            onProgress: (line) => onEvent({ kind: 'log', line, derivation: undefined }),
          },
          shared,
        )
        if (shared.aborted) await rm(unpacked.partial, { recursive: true, force: true })
        shared.throwIfAborted()
        this.#unpacked.set(path, unpacked)
        return unpacked
      }),
    )
  }

  /** Once, however many wait for the path. */
  async #commit(unpacked: Unpacked | undefined): Promise<void> {
    if (unpacked === undefined) return
    const { narinfo, partial } = unpacked
    const path = narinfo.storePath
    if (this.#paths.all.has(path)) return
    const running = this.#commits.get(path)
    if (running !== undefined) return running
    const commit = this.#paths
      .commit(narinfo, partial)
      .then(() => void this.#unpacked.delete(path))
      .finally(() => this.#commits.delete(path))
    this.#commits.set(path, commit)
    return commit
  }

  /** Removes a path that was unpacked, and that nobody waits for any more. */
  async #abandon(path: StorePath): Promise<void> {
    const unpacked = this.#unpacked.get(path)
    this.#unpacked.delete(path)
    if (unpacked !== undefined) await rm(unpacked.partial, { recursive: true, force: true })
  }
}

function lackOf(names: string, path: StorePath, { lacking }: ClosurePlan): RegistryError {
  const reasons = [...lacking].map(([lacked, { troubles, refusals }]) => {
    const whys = [...refusals, ...troubles]
    const why = whys.length === 0 ? '' : ` (${whys.join('; ')})`
    return refusals.length > 0
      ? `no binary cache has ${lacked} with a signature that is trusted${why}`
      : `no binary cache has ${lacked}${why}`
  })
  const [first = ''] = reasons
  const more = reasons.length > 1 ? `, and ${reasons.length - 1} more paths` : ''
  const reason = `${first}${more}; asked: ${names}`
  return new RegistryError('fetch-failed', `could not fetch ${path}: ${reason}`, {
    detail: { path, reason, log: reasons.slice(0, REASONS_SHOWN) },
  })
}
