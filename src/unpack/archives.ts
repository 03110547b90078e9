/** What reading a compressed archive takes: Nix's word for what it holds, a place to unpack it, and a memory. */
import type { StorePath } from '../core/store-path.ts'
import type { UnpackCache } from './unpack-cache.ts'

export type Archives = {
  readonly cache: Pick<UnpackCache, 'use'>
  /** @throws RegistryError `unavailable` when the path isn't valid any more. */
  readonly narHash: (path: StorePath) => Promise<string>
  readonly notes: ArchiveNotes
}

/** Small texts that outlive a restart, so that a manifest needs nothing unpacked. May be forgotten at any time. */
type ArchiveNotes = {
  readonly note: (key: string) => string | undefined
  readonly putNote: (key: string, text: string) => void
}
