/** Everything below HTTP, opened by the settings: for the server, and for the commands that need none. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { StorePath } from './core/nix/store-path.ts'
import type { Settings } from './settings/settings.ts'
import { StoreReader } from './layer/store-reader.ts'
import { NixStore } from './store/daemon/nix-store.ts'
import { autoTransport, processTransport, socketTransport, type Transport } from './store/daemon/transport.ts'
import { policyOf, requiredKeysOf } from './settings/policy-settings.ts'
import type { ImageDeps } from './registry/artifact/image.ts'
import { DigestIndex } from './registry/state/digest-index.ts'
import { Registry, type RegistryOptions } from './registry/registry.ts'
import { makePrivate } from './registry/state/state-directory.ts'
import { StateTrouble } from './registry/state/state-trouble.ts'
import { WorkJournal } from './registry/work/work-journal.ts'
import { UnpackCache } from './unpack/unpack-cache.ts'

/** Two so that one long read never stops all others; more than four wait for the same memory. */
const MIN_READERS = 2
const MAX_READERS = 4

export type RegistryListeners = Pick<RegistryOptions, 'onWork' | 'onLookup' | 'onImage'> & {
  readonly onRootTrouble: (error: unknown) => void
  /** See loopback-trust.ts. Default: it is, as for a command that somebody runs here. */
  readonly isLoopbackTrusted?: () => boolean
  readonly holdMs?: number
  /** Hears, once a minute, that the state directory can't be used. */
  readonly onStateTrouble?: (error: unknown) => void
}

type OpenRegistry = {
  readonly registry: Registry
  readonly journal: WorkJournal
  readonly images: ImageDeps
  readonly nix: NixStore
  readonly isStateTroubled: () => boolean
  readonly close: () => Promise<void>
}

/** @throws RegistryError `unavailable` for an unusable state directory. */
export function openRegistry(
  settings: Settings,
  {
    onRootTrouble,
    onStateTrouble = () => undefined,
    isLoopbackTrusted = () => true,
    ...listeners
  }: RegistryListeners,
): OpenRegistry {
  const requiredKeys = requiredKeysOf(settings)
  // Early, since it is what fails: a damaged or locked database must end the start.
  const trouble = new StateTrouble(onStateTrouble)
  const index = new DigestIndex(settings.PUSHLESS_STATE, trouble)
  makePrivate(settings.PUSHLESS_STATE)
  const journal = new WorkJournal({
    directory: settings.PUSHLESS_STATE,
    failureMs: settings.PUSHLESS_FAILURE_TIME * 1000,
    logBytes: settings.PUSHLESS_LOG_SIZE * 1e6,
    onTrouble: (error) => trouble.report(error),
  })
  const cache = new UnpackCache(join(settings.PUSHLESS_STATE, 'unpacked'), settings.PUSHLESS_CACHE_SIZE * 1e6)
  const nix = new NixStore(transportOf(settings.PUSHLESS_NIX), settings.PUSHLESS_SILENT_TIME * 1000)
  const reader = new StoreReader(Math.min(MAX_READERS, Math.max(MIN_READERS, availableParallelism())))
  const images = {
    nix,
    reader,
    index,
    archives: { cache, notes: index, narHash: (path: StorePath) => nix.narHash(path) },
    servePackages: settings.PUSHLESS_SERVE_PACKAGES,
    requiredKeys,
  }
  const registry = new Registry({
    ...images,
    journal,
    partialIndex: settings.PUSHLESS_PARTIAL_INDEX,
    policy: policyOf(settings, isLoopbackTrusted),
    roots: { directory: settings.PUSHLESS_STATE, keepDays: settings.PUSHLESS_KEEP, onTrouble: onRootTrouble },
    holdMs: settings.PUSHLESS_HOLD * 1000,
    verify: settings.PUSHLESS_VERIFY,
    limits: {
      buildsAtOnce: settings.PUSHLESS_BUILDS,
      fetchesAtOnce: settings.PUSHLESS_FETCHES,
      queued: settings.PUSHLESS_QUEUE,
      workMs: settings.PUSHLESS_WORK_TIME * 1000,
      silentMs: settings.PUSHLESS_SILENT_TIME * 1000,
      fetchBytes: settings.PUSHLESS_FETCH_SIZE * 1e6,
    },
    ...listeners,
  })
  return {
    registry,
    journal,
    images,
    nix,
    isStateTroubled: () => trouble.isTroubled,
    close: async () => {
      registry.close()
      // Before Nix: what still goes on was cut off by us.
      await journal.close()
      await cache.close()
      nix.close()
      await reader.close()
      index.close()
    },
  }
}

function transportOf(setting: string): Transport {
  if (setting === 'auto') return autoTransport()
  if (setting.startsWith('unix:')) return socketTransport(setting.slice('unix:'.length))
  return processTransport(setting.split(' ').filter((word) => word !== ''))
}
