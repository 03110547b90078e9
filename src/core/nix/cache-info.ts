/** The document `nix-cache-info` of a binary cache. Source: Nix manual, "HTTP Binary Cache Store". */
import { RegistryError } from '../errors/errors.ts'
import { STORE_DIR } from './store-path.ts'

/** The priority of a cache that gives none, `BinaryCacheStore` of libstore. */
const DEFAULT_PRIORITY = 50

/** @throws RegistryError `malformed` for a cache of another store directory. */
export function parseCacheInfo(text: string): { readonly priority: number } {
  const fields = new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const colon = line.indexOf(':')
      return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]]
    }),
  )
  const directory = fields.get('StoreDir') ?? STORE_DIR
  if (directory !== STORE_DIR)
    throw new RegistryError('malformed', `the cache is for the store ${directory}, not for ${STORE_DIR}`)
  const priority = Number(fields.get('Priority') ?? DEFAULT_PRIORITY)
  return { priority: Number.isSafeInteger(priority) ? priority : DEFAULT_PRIORITY }
}
