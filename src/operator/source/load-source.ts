/** Gets the objects of a profile from its source, with the revision that names them. */
import { messageChain } from '../../core/errors/error-chain.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Policy } from '../../core/policy.ts'
import { parseStorePath, type StorePath } from '../../core/nix/store-path.ts'
import type { GivenObject } from '../../delivery/set/object-set.ts'
import type { Json } from '../../core/json.ts'
import type { Store } from '../../store/store.ts'
import type { ProfileSource } from '../definitions/profile-source.ts'
import { makeOutput, makePath, type MakeOptions } from './make-path.ts'
import { readManifests } from './read-manifests.ts'
import { SourceError } from './source-error.ts'

export type LoadedSource = {
  readonly objects: readonly GivenObject[]
  /** The store path that the objects are in. */
  readonly revision: StorePath
}

/** Makes the manifests of an application, or of an entry of a catalogue. @returns their store path. */
export type MakeManifests<T> = (wanted: T, options: MakeOptions) => Promise<StorePath>

export type SourceOptions = {
  readonly store: Store
  /** The fetches and builds that are allowed. */
  readonly policy: Policy
  readonly makeApp: MakeManifests<{ readonly [key: string]: Json }>
  /** Absent where the operator has no catalogue. */
  readonly makeEntry?:
    MakeManifests<{ readonly name: string; readonly version: string; readonly values: Json }> | undefined
  readonly onWork: (message: string) => void
  readonly signal: AbortSignal
}

/** @throws SourceError, or the reason of the signal. */
export async function loadSource(source: ProfileSource, options: SourceOptions): Promise<LoadedSource> {
  const { store, signal } = options
  const roots = await store.openRoots().catch(asSourceError)
  try {
    if (source.kind === 'store-path') await roots.add(source.path)
    const revision = await pathOf(source, options)
    // From here on nobody collects it while it is read.
    await roots.add(revision)
    return { revision, objects: await readManifests(store.directory, revision) }
  } catch (error) {
    signal.throwIfAborted()
    return asSourceError(error)
  } finally {
    roots.close()
  }
}

async function pathOf(source: ProfileSource, options: SourceOptions): Promise<StorePath> {
  switch (source.kind) {
    case 'store-path':
      await makePath(source.path, options)
      return source.path
    case 'derivation':
      return makeOutput(source.derivation, source.output, options)
    case 'app':
      return options.makeApp(source.app, options)
    case 'catalogue':
      if (options.makeEntry === undefined)
        throw new SourceError('NoCatalogue', 'this operator has no catalogue', {
          isFinal: true,
        })
      return options.makeEntry(source, options)
  }
}

function asSourceError(error: unknown): never {
  if (!(error instanceof RegistryError)) throw error
  throw new SourceError(error.kind === 'build-failed' ? 'BuildFailed' : 'FetchFailed', messageChain(error), {
    cause: error,
  })
}

/** @throws SourceError for a text that is no store path. */
export function builtPath(text: string): StorePath {
  const path = parseStorePath(text)
  if (path === undefined) throw new SourceError('BuildFailed', `Nix built ${text}, which is no store path`)
  return path
}
