/** Reads a derivation that only the builder has, without fetching what it is built from. */
import { RegistryError } from '../../../core/errors/errors.ts'
import { parseDerivation, type Derivation } from '../../../core/nix/derivation.ts'
import { readNar } from '../../../core/nix/nar-reader.ts'
import type { StorePath } from '../../../core/nix/store-path.ts'
import type { Builder } from './builder.ts'

/** The largest derivations of nixpkgs have some hundred kilobytes. */
const MAX_BYTES = 16 * 1024 * 1024

/** @returns nothing where the builder does not have it. @throws RegistryError `unavailable`, `unservable`. */
export async function builderDerivation(
  builder: Builder,
  path: StorePath,
  signal: AbortSignal,
): Promise<Derivation | undefined> {
  const info = await builder.info(path)
  if (info === undefined) return undefined
  if (info.narSize > MAX_BYTES) throw new RegistryError('unservable', `${path} is too large for a derivation`)
  const chunks: Uint8Array[] = []
  try {
    await readNar(builder.archive(path, info.narSize, signal), {
      file: () => ({ write: (piece) => void chunks.push(Buffer.from(piece)) }),
    })
    return parseDerivation(Buffer.concat(chunks).toString())
  } catch (cause) {
    if (cause instanceof RegistryError && cause.kind === 'unavailable') throw cause
    throw new RegistryError('unservable', `${path} is no derivation`, { cause })
  }
}
