/**
 * Mounts the store paths of zero-copy images into their containers, and keeps them while the containers exist. The
 * runtime drops a plugin that answers late, and then creates containers without it: so every answer comes in time, and
 * it is an error rather than a guess.
 */
import { setTimeout } from 'node:timers/promises'
import pLimit, { type LimitFunction } from 'p-limit'
import { encodeText } from '../core/byte-string.ts'
import { fileOf } from '../core/nix/store-directory.ts'
import { STORE_DIR, type StorePath } from '../core/nix/store-path.ts'
import type { NriPlugin } from '../nri/plugin-connection.ts'
import type { Mount, NriContainer, NriPod } from '../nri/plugin-messages.ts'
import { CODE, CallError } from '../nri/ttrpc.ts'
import type { ZeroCopyImages } from '../registry/state/zero-copy-images.ts'
import type { Store } from '../store/store.ts'
import { containerImage } from './container-image.ts'
import { ContainerRoots } from './container-roots.ts'

export type ZeroCopyOptions = {
  readonly store: Pick<Store, 'addRoot' | 'isValid' | 'directory'>
  readonly images: Pick<ZeroCopyImages, 'find' | 'prune'>
  readonly stateDirectory: string
  /** Keeps a path for a while, valid or not. @throws RegistryError `unavailable`. */
  readonly hold: (path: StorePath) => Promise<void>
  /** Makes the image of a path again, as for a pull. Nobody waits for it. */
  readonly restore: (path: StorePath) => void
  /** Hears of containers whose paths can't be kept. */
  readonly onTrouble: (error: unknown) => void
}

export type ZeroCopyFigures = {
  readonly containers: number
  readonly mounts: number
  readonly roots: number
}

type Held = { readonly pod: string; readonly root: StorePath; readonly mounts: number }

/** Read-only for the container, and nothing in it changes who somebody is. */
const MOUNT_OPTIONS = ['rbind', 'ro', 'rprivate', 'nosuid', 'nodev'] as const
/** The runtime makes the places for the mounts in it, and makes it read-only after that. */
const PLACES: Mount = {
  destination: STORE_DIR,
  type: 'tmpfs',
  source: 'tmpfs',
  options: ['ro', 'nosuid', 'nodev', 'noexec', 'mode=755'],
}
/** Runtimes wait for 2 s by default, and a container is created in some tens of milliseconds. */
const ANSWER_LIMIT_MS = 1_500
/** Calls of Nix at once, after a restart with many containers. */
const ROOTS_AT_ONCE = 8

export class ZeroCopyPlugin implements NriPlugin {
  readonly #options: ZeroCopyOptions
  readonly #roots: ContainerRoots
  readonly #held = new Map<string, Held>()

  constructor(options: ZeroCopyOptions) {
    this.#options = options
    this.#roots = new ContainerRoots(options.store, options.stateDirectory)
  }

  figures(): ZeroCopyFigures {
    const held = [...this.#held.values()]
    return {
      containers: held.length,
      mounts: held.reduce((sum, { mounts }) => sum + mounts, 0),
      roots: new Set(held.map(({ root }) => root)).size,
    }
  }

  readonly synchronize = async (containers: readonly NriContainer[]): Promise<void> => {
    await this.#roots.releaseOthers(new Set(containers.map(({ id }) => id)))
    this.#held.clear()
    const limit = pLimit(ROOTS_AT_ONCE)
    const kept = containers.flatMap((container) => {
      const found = containerImage(container, this.#options.images)
      if (found.kind === 'other') return []
      const { root, mounts } = found.kind === 'known' ? found.image : { root: found.root, mounts: [] }
      this.#held.set(container.id, { pod: container.pod, root, mounts: mounts.length })
      return this.#keepAgain(container.id, root, limit).catch(this.#options.onTrouble)
    })
    // The runtime drops a plugin that is late, so links that take longer are made after the answer.
    await inTime(Promise.all(kept))
  }

  readonly createContainer = async (container: NriContainer, pod: NriPod): Promise<readonly Mount[]> => {
    const found = containerImage(container, this.#options.images)
    if (found.kind === 'other') return []
    if (found.kind === 'unknown') {
      this.#options.restore(found.root)
      throw refusal(found.root, 'this registry does not know the image; it is looked for, so try again')
    }
    const { root, mounts, hasPlaces } = found.image
    const isKept = await inTime(this.#keep(container.id, root)).catch((error: unknown) => {
      this.#options.onTrouble(error)
      throw refusal(root, 'it cannot be kept from the garbage collector now; try again')
    })
    if (isKept === undefined) throw refusal(root, 'Nix does not answer in time; try again')
    if (!isKept) {
      await this.removeContainer(container.id)
      this.#options.restore(root)
      throw refusal(root, 'it is not in this node’s store any more; it is looked for, so try again')
    }
    this.#held.set(container.id, { pod: pod.id, root, mounts: mounts.length })
    const binds = mounts.map((path): Mount => ({
      destination: path,
      type: 'bind',
      source: String(fileOf(this.#options.store.directory, encodeText(path))),
      options: MOUNT_OPTIONS,
    }))
    return hasPlaces ? binds : [PLACES, ...binds]
  }

  readonly removeContainer = async (id: string): Promise<void> => {
    this.#held.delete(id)
    await this.#roots.release(id)
  }

  /** Also of containers whose creation failed half-way. */
  readonly removePod = async (id: string): Promise<void> => {
    for (const [container, { pod }] of this.#held) if (pod === id) await this.removeContainer(container)
  }

  /** Forgets images that nobody used for long, unless a container has one. */
  async forgetUnused(): Promise<void> {
    this.#options.images.prune(await this.#roots.held())
  }

  /**
   * Keeps the path of a container that there was before. Its link is a root already, unless the state was lost or Nix
   * forgot it, so it is registered again while nobody waits: the runtime drops a plugin that is late.
   */
  async #keepAgain(container: string, root: StorePath, limit: LimitFunction): Promise<void> {
    const isNew = await this.#roots.link(container, root)
    const registered = limit(async () => {
      if (this.#held.has(container)) await this.#roots.register(container)
    })
    if (isNew) await registered
    else void registered.catch(this.#options.onTrouble)
  }

  /** Keeps a path before it is looked for: a collector that runs now must not take it in between. */
  async #keep(container: string, root: StorePath): Promise<boolean> {
    await this.#options.hold(root)
    await this.#roots.hold(container, root)
    return this.#options.store.isValid(root)
  }
}

function refusal(root: StorePath, why: string): CallError {
  return new CallError(CODE.failedPrecondition, `pushless: no mounts for ${root}: ${why}`)
}

/** @returns nothing where it takes too long. It goes on, and its failure isn't reported then. */
async function inTime<T>(work: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController()
  const late = setTimeout(ANSWER_LIMIT_MS, undefined, { signal: timer.signal }).catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
    work.catch(() => undefined)
  }
}
