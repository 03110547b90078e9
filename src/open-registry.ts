import { SignedImages, type SignedImagesOptions } from './access/image-signature/signed-images.ts'
import type { Artifact } from './registry/artifact/image-index.ts'
/** Everything below HTTP, opened by the settings: for the server, and for the commands that need none. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { ignoreDeletions, type DeletionListener } from './core/deletion.ts'
import type { StorePath } from './core/nix/store-path.ts'
import type { Settings } from './settings/settings.ts'
import type { BuilderAddress } from './store/cache/builder/builder-address.ts'
import { StoreReader } from './layer/store-reader.ts'
import { DaemonStore } from './store/daemon/daemon-store.ts'
import type { Store } from './store/store.ts'
import { OwnNix, type BuildPlace } from './store/own/own-nix.ts'
import {
  EMBEDDED_COMMAND,
  autoTransport,
  processTransport,
  socketTransport,
  type Transport,
} from './store/daemon/transport.ts'
import { policyOf } from './settings/policy.ts'
import type { ImageDeps } from './registry/artifact/image.ts'
import { isZeroCopy } from './registry/artifact/image-form.ts'
import { DigestIndex } from './registry/state/digest-index.ts'
import { FrameFiles } from './registry/state/frame-files.ts'
import { Registry, type RegistryOptions } from './registry/registry.ts'
import { makePrivate } from './registry/state/state-directory.ts'
import { StateTrouble } from './registry/state/state-trouble.ts'
import { ZeroCopyImages } from './registry/state/zero-copy-images.ts'
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
  /** Hears once where --store own builds. */
  readonly onBuildPlace?: (place: BuildPlace) => void
  /** Hears of what is removed to stay within limits. */
  readonly onDeletion?: DeletionListener
  /** Hears, once a minute, that the state directory can't be used. */
  readonly onStateTrouble?: (error: unknown) => void
}

type OpenRegistry = {
  readonly registry: Registry
  readonly journal: WorkJournal
  readonly images: ImageDeps
  readonly store: Store
  /** The images whose containers get mounts; none without --zero-copy. */
  readonly zeroCopyImages: ZeroCopyImages | undefined
  readonly isStateTroubled: () => boolean
  readonly close: () => Promise<void>
}

/** @throws RegistryError `unavailable` for an unusable state directory. */
export async function openRegistry(
  settings: Settings,
  {
    onRootTrouble,
    onStateTrouble = () => undefined,
    isLoopbackTrusted = () => true,
    onBuildPlace = () => undefined,
    onDeletion = ignoreDeletions,
    ...listeners
  }: RegistryListeners,
): Promise<OpenRegistry> {
  const { stateDirectory, requiredKeys } = settings
  // Early, since it is what fails: a damaged or locked database must end the start.
  const trouble = new StateTrouble(onStateTrouble)
  const index = new DigestIndex(stateDirectory, trouble)
  makePrivate(stateDirectory)
  const journal = new WorkJournal({
    directory: stateDirectory,
    failureMs: settings.failureMs,
    logBytes: settings.logBytes,
    onTrouble: (error) => trouble.report(error),
    onDeletion,
  })
  const { store, ownNix } = await openStore(settings, onBuildPlace, onDeletion)
  const cache = new UnpackCache(
    join(stateDirectory, 'unpacked'),
    settings.cacheBytes,
    store.directory,
    onDeletion,
  )
  const threads = Math.min(MAX_READERS, Math.max(MIN_READERS, availableParallelism()))
  const reader = new StoreReader(threads, store.directory)
  const frames = new FrameFiles(join(stateDirectory, 'frames'), trouble, onDeletion)
  const images = {
    store,
    reader,
    index,
    frames,
    archives: { cache, notes: index, narHash: (path: StorePath) => store.narHash(path) },
    servePackages: settings.servePackages,
    requiredKeys,
  }
  const zeroCopyImages =
    settings.nriSocket === undefined ? undefined : new ZeroCopyImages(stateDirectory, trouble)
  const registry = new Registry({
    ...images,
    isZeroCopy: zeroCopyImages !== undefined,
    journal,
    partialIndex: settings.partialIndex,
    policy: policyOf(settings, isLoopbackTrusted, () => ownNix?.refusal),
    roots: { directory: stateDirectory, keepDays: settings.keepDays, onTrouble: onRootTrouble, onDeletion },
    ...(settings.imageSignatures === undefined
      ? {}
      : { demandSigned: signatureCheck(settings.imageSignatures) }),
    holdMs: settings.holdMs,
    verify: settings.verify,
    limits: {
      buildsAtOnce: settings.buildsAtOnce,
      fetchesAtOnce: settings.fetchesAtOnce,
      queued: settings.maxQueued,
      ofClient: settings.clientWork,
      workMs: settings.workMs,
      silentMs: settings.silentMs,
      fetchBytes: settings.fetchBytes,
    },
    ...listeners,
    onImage: (artifact, steps, before) => {
      if (artifact.kind === 'image' && isZeroCopy(artifact.form)) zeroCopyImages?.put(artifact)
      listeners.onImage?.(artifact, steps, before)
    },
  })
  return {
    registry,
    zeroCopyImages,
    journal,
    images,
    store,
    isStateTroubled: () => trouble.isTroubled,
    close: async () => {
      registry.close()
      // Before Nix: what still goes on was cut off by us.
      await journal.close()
      await cache.close()
      store.close()
      await reader.close()
      await frames.close()
      index.close()
      zeroCopyImages?.close()
    },
  }
}

function openOwnNix(settings: Settings, onPlace: (place: BuildPlace) => void): OwnNix {
  const { nix, stateDirectory, cachesText, trustedKeysText, allowUnsandboxedBuilds } = settings
  return new OwnNix({
    command: nix === 'auto' ? EMBEDDED_COMMAND : wordsOf(nix),
    settings: {
      ...settings,
      directory: join(stateDirectory, 'nix'),
      caches: cachesText,
      trustedKeys: trustedKeysText,
    },
    allowsUnsandboxed: allowUnsandboxedBuilds,
    onPlace,
  })
}

/** Opens the store alone, for programs that serve no images. The state directory must be there. */
export async function openStore(
  settings: Settings,
  onBuildPlace: (place: BuildPlace) => void = () => undefined,
  onDeletion: DeletionListener = ignoreDeletions,
): Promise<{ readonly store: Store; readonly ownNix: OwnNix | undefined }> {
  const { builder, silentMs } = settings
  if (settings.storeKind === 'own') {
    const ownNix = openOwnNix(settings, onBuildPlace)
    return { ownNix, store: new DaemonStore(ownNix.transport, silentMs) }
  }
  if (settings.storeKind === 'daemon')
    return { ownNix: undefined, store: new DaemonStore(transportOf(settings.nix), silentMs) }
  // With the clients of caches and of S3, and the decompressors: other stores need none of them.
  const { openCacheStore } = await import('./store/cache/open-cache-store.ts')
  const store = openCacheStore(
    {
      ...settings,
      directory: join(settings.stateDirectory, 'store'),
      maxBytes: settings.storeBytes,
      onDeletion,
    },
    builder === undefined ? undefined : new DaemonStore(transportTo(builder), silentMs),
  )
  return { ownNix: undefined, store }
}

function transportTo(builder: BuilderAddress): Transport {
  return builder.kind === 'socket' ? socketTransport(builder.path) : processTransport(builder.command)
}

function transportOf(setting: string): Transport {
  if (setting === 'auto') return autoTransport()
  if (setting.startsWith('unix:')) return socketTransport(setting.slice('unix:'.length))
  return processTransport(wordsOf(setting))
}

function wordsOf(command: string): readonly string[] {
  return command.split(' ').filter((word) => word !== '')
}

function signatureCheck(options: SignedImagesOptions): (artifact: Artifact) => void {
  const signed = new SignedImages(options)
  return ({ manifest, root }) => signed.demand(manifest, root)
}
