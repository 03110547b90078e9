/** Opens the copies of layers as zstd, as the settings want them. */
import { join } from 'node:path'
import type { DeletionListener } from '../core/deletion.ts'
import { EncodedCopies } from '../encoded/encoded-copies.ts'
import type { Settings } from '../settings/settings.ts'

/**
 * Returns nothing where the settings want no copies. Those of an earlier run are removed then.
 * @throws RegistryError `unavailable` when their directory can't be used.
 */
export function openCopies(
  { stateDirectory, encodedBytes, compressionMode }: Settings,
  onDeletion: DeletionListener,
  onTrouble: (error: unknown) => void,
): EncodedCopies | undefined {
  const maxBytes = compressionMode === 'none' ? 0 : encodedBytes
  const copies = new EncodedCopies({
    directory: join(stateDirectory, 'encoded'),
    maxBytes,
    onDeletion,
    onTrouble,
  })
  return maxBytes === 0 ? undefined : copies
}
