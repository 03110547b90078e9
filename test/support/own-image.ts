/** The registry's image that the project makes. What it is made from is fetched once, and kept in the user's cache. */
import { fetchParts } from '../../scripts/registry-image/fetch-parts.ts'
import { ARCHITECTURES, readParts } from '../../scripts/registry-image/parts.ts'
import { missing } from './requirement.ts'

/** Returns the reason why it can't be made here, or false. */
export async function missingOwnImage(): Promise<string | false> {
  const reason = missing('nix', 'strip')
  if (reason !== false) return reason
  try {
    await fetchParts(await readParts(), { architectures: ARCHITECTURES, hasNix: false })
    return false
  } catch (error) {
    return `needs the parts of the image: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}
