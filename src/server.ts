/** Wiring: settings in, a running registry out. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Digest } from './core/digest.ts'
import type { StorePath } from './core/store-path.ts'
import type { Settings } from './settings.ts'
import { createApp } from './http/app.ts'
import { Metrics } from './http/metrics.ts'
import { readToken } from './http/token.ts'
import { StoreReader } from './layer/store-reader.ts'
import { openNixCache } from './nix-cache/nix-cache.ts'
import { NixStore } from './nix/nix-store.ts'
import { autoTransport, processTransport, socketTransport, type Transport } from './nix/transport.ts'
import { policyOf, requiredKeysOf } from './policy-settings.ts'
import type { ImageMaker } from './registry/image.ts'
import { servedClosure } from './registry/served.ts'
import { DigestIndex } from './registry/digest-index.ts'
import { isIndex, platformName, type Served } from './registry/image-index.ts'
import type { Steps } from './registry/images.ts'
import { Registry, type RegistryOptions } from './registry/registry.ts'
import { workName } from './registry/resolve.ts'
import { WorkJournal } from './registry/work-journal.ts'
import { UnpackCache } from './unpack/unpack-cache.ts'

export type RunningServer = {
  /** `http://127.0.0.1:5000`, with the port that was taken. */
  readonly url: string
  /** Stops listening, lets running downloads end, for the time set, and cuts the rest. */
  readonly close: () => Promise<void>
}

/** Two so that one long read never stops all others; more than four wait for the same memory. */
const MIN_READERS = 2
const MAX_READERS = 4

export type RegistryListeners = Pick<RegistryOptions, 'onWork' | 'onLookup' | 'onImage'> & {
  readonly onRootTrouble: (error: unknown) => void
  readonly holdMs?: number
  /** Hears what couldn't be written to the journal. */
  readonly onJournalTrouble?: (error: unknown) => void
}

type OpenRegistry = {
  readonly registry: Registry
  readonly journal: WorkJournal
  readonly images: ImageMaker
  readonly nix: NixStore
  readonly close: () => Promise<void>
}

/** Everything below HTTP, for the server and for the commands that need none. */
export function openRegistry(
  settings: Settings,
  { onRootTrouble, onJournalTrouble = () => undefined, ...listeners }: RegistryListeners,
): OpenRegistry {
  const requiredKeys = requiredKeysOf(settings)
  // Early, since it is what fails: a damaged or locked database must end the start.
  const index = new DigestIndex(settings.PUSHLESS_STATE)
  const journal = new WorkJournal({
    directory: settings.PUSHLESS_STATE,
    failureMs: settings.PUSHLESS_FAILURE_TIME * 1000,
    logBytes: settings.PUSHLESS_LOG_SIZE * 1e6,
    onTrouble: onJournalTrouble,
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
    policy: policyOf(settings),
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

/** @throws RegistryError `unavailable` for an unusable state directory or token file; the system's error when it can't listen. */
export async function startServer(settings: Settings, logger: FastifyBaseLogger): Promise<RunningServer> {
  const token = readToken(settings.PUSHLESS_TOKEN_FILE)
  const metrics = new Metrics()
  const { registry, images, journal, nix, close } = openRegistry(settings, {
    onLookup: metrics.onLookup,
    onJournalTrouble: (error) => logger.warn({ err: error }, 'journal of builds not written'),
    onWork: (work, event) => {
      metrics.onWork(work, event)
      const name = workName(work)
      if (event.kind === 'log')
        logger.debug({ work: name, derivation: event.derivation, line: event.line }, 'nix log')
      // Why it failed is logged where it is answered.
      else if (event.kind !== 'queued') logger.info({ work: name, ...event, error: undefined }, 'nix')
    },
    onRootTrouble: (error) => logger.warn({ err: error }, 'no root: the image may be collected'),
    onImage: (served, steps, before) => logServed(logger, served, steps, before),
  })
  const nixCache = openNixCache({
    mode: settings.PUSHLESS_NIX_CACHE,
    state: settings.PUSHLESS_STATE,
    nix,
    reader: images.reader,
    servedClosure: (path) => servedClosure(images, path),
    hold: (path) => registry.roots.hold(path),
    keep: (path) => registry.roots.keep(path),
  })
  const app = createApp(
    {
      registry,
      journal,
      token,
      nixCache,
      metrics,
      compression: settings.PUSHLESS_COMPRESSION,
      wait: settings.PUSHLESS_WAIT,
    },
    logger,
  )
  const { host, port } = addressOf(settings.PUSHLESS_LISTEN)
  try {
    const url = await app.listen({ host, port, listenTextResolver: (address) => `bound to ${address}` })
    logger.info({ url, nix: nix.name, state: settings.PUSHLESS_STATE }, 'listening')
    void registry.warmUp().then(
      (version) => logger.info({ version }, 'Nix answers'),
      (error: unknown) => logger.warn({ err: error }, 'Nix does not answer; each pull tries again'),
    )
    return {
      url,
      close: async () => {
        const closed = app.close()
        await Promise.race([closed, setTimeout(settings.PUSHLESS_GRACE * 1000, undefined, { ref: false })])
        app.server.closeAllConnections()
        await closed
        nixCache?.close()
        await close()
      },
    }
  } catch (error) {
    nixCache?.close()
    await close()
    throw error
  }
}

function logServed(logger: FastifyBaseLogger, served: Served, ms: Steps, before: Digest | undefined): void {
  const { root, kind, manifest } = served
  const facts = { root, kind, digest: manifest.digest }
  if (!isIndex(served)) {
    const size = served.layers.reduce((sum, layer) => sum + layer.size, 0)
    logger.info({ ...facts, layers: served.layers.length, size, ms }, 'image ready')
    return
  }
  const platforms = served.images.flatMap(({ platform }) =>
    platform === undefined ? [] : [platformName(platform)],
  )
  logger.info({ ...facts, platforms, ms }, 'index ready')
  const { missing } = served
  if (missing.length > 0)
    logger.warn({ ...facts, missing }, 'index without platforms that cannot be had here')
  if (before !== undefined) logger.warn({ ...facts, before }, 'another index than before')
}

function transportOf(setting: string): Transport {
  if (setting === 'auto') return autoTransport()
  if (setting.startsWith('unix:')) return socketTransport(setting.slice('unix:'.length))
  return processTransport(setting.split(' ').filter((word) => word !== ''))
}

/** `127.0.0.1:5000` or `[::1]:5000`. */
function addressOf(listen: string): { readonly host: string; readonly port: number } {
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(listen.slice(colon + 1)) }
}
