/** Collects what the store and this registry's journal know of the making of a path. */
import { RegistryError } from '../../core/errors/errors.ts'
import { storeHashOf, type StorePath } from '../../core/nix/store-path.ts'
import type { WorkJournal } from '../../registry/work/work-journal.ts'
import type { PathInfo, Store } from '../../store/store.ts'
import { materialsOf, type Materials } from './materials.ts'
import { originOf, type Origin } from './origin.ts'

export type ProvenanceFacts = {
  readonly info: PathInfo
  readonly origin: Origin
  /** The derivation, if the store has it. */
  readonly derivation:
    | {
        readonly path: StorePath
        readonly output: string | undefined
        readonly system: string
        /** SHA-256 of the derivation as a Nix archive, hexadecimal. */
        readonly narHash: string | undefined
        readonly materials: Materials
      }
    | undefined
}

export type ProvenanceDeps = {
  readonly store: Store
  readonly journal: Pick<WorkJournal, 'get' | 'log'>
}

/** @throws RegistryError `unavailable`, also for a path that vanished. */
export async function provenanceFacts(
  { store, journal }: ProvenanceDeps,
  path: StorePath,
): Promise<ProvenanceFacts> {
  const info = await store.info(path)
  if (info === undefined) throw new RegistryError('unavailable', `store path is not valid any more: ${path}`)
  return {
    info,
    origin: originOf(info, await logOf(journal, info)),
    derivation: await derivationOf(store, info),
  }
}

/** The log of the latest work that made the path. A journal that can't be read knows of none. */
async function logOf(
  journal: ProvenanceDeps['journal'],
  { path, deriver }: PathInfo,
): Promise<string | undefined> {
  try {
    const byDeriver = deriver === undefined ? undefined : journal.get(storeHashOf(deriver))
    const record = byDeriver ?? journal.get(storeHashOf(path))
    return record?.state === 'done' ? await journal.log(record) : undefined
  } catch {
    return undefined
  }
}

async function derivationOf(
  store: Store,
  { path, deriver }: PathInfo,
): Promise<ProvenanceFacts['derivation']> {
  if (deriver === undefined || !(await store.isValid(deriver))) return undefined
  const derivation = await store.derivation(deriver).catch(() => undefined)
  if (derivation === undefined) return undefined
  const [output] = [...derivation.outputs].find(([, made]) => made === path) ?? []
  return {
    path: deriver,
    output,
    system: derivation.system,
    narHash: (await store.info(deriver))?.narHash,
    materials: await materialsOf(store, deriver),
  }
}
