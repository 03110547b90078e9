/** The Nix that builds for the cache store. store/daemon/ has one; open-registry.ts connects the two. */
import type { StorePath } from '../../../core/nix/store-path.ts'
import type { Store } from '../../store.ts'

export type Builder = Pick<
  Store,
  'name' | 'pathFromHash' | 'info' | 'isValid' | 'derivers' | 'fetch' | 'build' | 'openRoots' | 'close'
> & {
  /**
   * The archive of a valid path.
   * @param size of the archive, in bytes.
   * @throws RegistryError `unavailable`.
   */
  readonly archive: (path: StorePath, size: number, signal: AbortSignal) => AsyncIterable<Uint8Array>
}
