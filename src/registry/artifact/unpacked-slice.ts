/**
 * A layer within a compressed archive of the store: bytes of what that unpacks to, which is on disk while it is used.
 */
import { encodeText } from '../../core/byte-string.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Slice } from '../../core/tar/segment.ts'
import type { PackedFile, UnpackCache } from '../../unpack/unpack-cache.ts'

export type UnpackedSlice = {
  readonly kind: 'unpacked'
  readonly packed: PackedFile
  readonly offset: number
  readonly length: number
}

export type Unpacker = Pick<UnpackCache, 'use'>

/** @throws RegistryError `unservable`, `unavailable`. */
export async function heldSlice(
  { packed, offset, length }: UnpackedSlice,
  unpacker: Unpacker,
): Promise<{ readonly content: Slice; readonly release: () => void }> {
  const { path, size, release } = await unpacker.use(packed)
  if (offset + length > size) {
    release()
    throw new RegistryError('unavailable', `${packed.path}: unpacks to less than it did`)
  }
  return { content: { kind: 'slice', path: encodeText(path), offset, length, fileSize: size }, release }
}
