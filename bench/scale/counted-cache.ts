/** A binary cache over HTTP that counts what it is asked for and has. It stands for a bucket. */
import { serveCache } from '../../test/support/binary-cache.ts'
import type { Scope } from '../../test/support/scope.ts'

export type CacheCounts = {
  readonly narinfos: number
  readonly archives: number
  readonly others: number
  /** Bytes of all answers. */
  readonly bytes: number
}

export type CountedCache = {
  readonly url: string
  /** Returns the requests since the last call. */
  readonly take: () => CacheCounts
}

const NONE: CacheCounts = { narinfos: 0, archives: 0, others: 0, bytes: 0 }

/** @param directory as `nix copy --to file://…` writes it. */
export async function countedCache(scope: Scope, directory: string): Promise<CountedCache> {
  let counts = NONE
  const { url } = await serveCache(scope, directory, (file) => {
    const isArchive = file.url.startsWith('/nar/')
    const kind = file.url.endsWith('.narinfo') ? 'narinfos' : isArchive ? 'archives' : 'others'
    counts = { ...counts, [kind]: counts[kind] + 1, bytes: counts.bytes + file.bytes.length }
    return 'as usual'
  })
  const take = (): CacheCounts => {
    const taken = counts
    counts = NONE
    return taken
  }
  return { url, take }
}
