import { constants } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { RegistryError } from '../core/errors/errors.ts'
import { parseDerivation, type Derivation } from '../core/nix/derivation.ts'
import { fileOf, type StoreDirectory } from '../core/nix/store-directory.ts'
import type { StorePath } from '../core/nix/store-path.ts'

/**
 * Reads a valid derivation from its file.
 * @throws RegistryError `unavailable` where the file is gone, `unservable` for a path that isn't a derivation.
 */
export async function readDerivation(directory: StoreDirectory, path: StorePath): Promise<Derivation> {
  const text = await readFile(fileOf(directory, path), {
    encoding: 'utf8',
    flag: constants.O_RDONLY | constants.O_NOFOLLOW,
  }).catch((cause: unknown) => {
    throw new RegistryError('unavailable', `derivation vanished: ${path}`, { cause })
  })
  try {
    return parseDerivation(text)
  } catch (cause) {
    throw new RegistryError('unservable', `${path} is no derivation`, { cause })
  }
}
