/**
 * The parts that reading a compressed archive needs: permission, its hash in Nix, a place to unpack it, and a memory.
 */
import type { StorePath } from '../core/nix/store-path.ts'
import type { UnpackCache } from './unpack-cache.ts'

export type Archives = {
  /**
   * Asked before a byte is unpacked, since unpacking is work on bytes that may be anybody's.
   * @throws RegistryError `denied` for a path that may not be served, `unavailable`.
   */
  readonly demandTrusted: (path: StorePath) => Promise<void>
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
