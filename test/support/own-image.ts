/** The registry's images that the project makes. What they are made from is fetched once, and kept in the user's cache. */
import { fetchParts, type Variant } from '../../scripts/registry-image/fetch-parts.ts'
import { ARCHITECTURES, readParts, type Architecture } from '../../scripts/registry-image/parts.ts'
import { missing } from './requirement.ts'

export const ownArchitecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'

const WITHOUT_NIX: Variant = { architectures: ARCHITECTURES, hasNix: false }

/** Returns the reason why they can't be made here, or false. */
export async function missingOwnImage(variant: Variant = WITHOUT_NIX): Promise<string | false> {
  const reason = missing('nix', 'strip')
  if (reason !== false) return reason
  try {
    await fetchParts(await readParts(), variant)
    return false
  } catch (error) {
    return `needs the parts of the image: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}
