/** The key by which the digest of a layer is remembered. */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { displayPath } from '../../core/byte-string.ts'
import { storePathAround, type StorePath } from '../../core/nix/store-path.ts'
import { FORMAT_NAME } from '../../layer/layer-format.ts'
import type { ClosurePath } from '../../store/store.ts'
import type { Entries, Part } from './layer-part.ts'

/** Changes when another tar is written in any style. */
const STYLE_FORMAT = 1
/** Entries to look at before other work gets its turn: about a millisecond. */
const ENTRIES_A_TURN = 500

/**
 * Returns the key of a layer: its paths with their hashes in Nix, since a path may be rebuilt with other contents.
 * Nothing for a layer that is quickly hashed.
 */
export async function keyOf(
  source: Part['source'],
  closure: readonly ClosurePath[],
): Promise<string | undefined> {
  const hashes = new Map(closure.map(({ path, narHash }) => [path, narHash]))
  switch (source.kind) {
    case 'entries':
      return entriesKey(source, hashes)
    case 'paths': {
      const hash = createHash('sha256').update(`${FORMAT_NAME[source.format ?? 'tar']}\n`)
      if (source.style !== undefined) hash.update(`style ${STYLE_FORMAT} ${JSON.stringify(source.style)}\n`)
      for (const path of source.paths) hash.update(`${path} ${hashes.get(path) ?? ''}\n`)
      return hash.digest('hex')
    }
    case 'unpacked': {
      const { packed, offset, length } = source
      return createHash('sha256').update(`unpacked\n${packed.narHash} ${offset} ${length}\n`).digest('hex')
    }
    case 'slice': {
      const path = storePathAround(displayPath(source.path))
      const narHash = path === undefined ? undefined : hashes.get(path)
      if (narHash === undefined) return undefined
      const what = `slice\n${source.path} ${narHash} ${source.offset} ${source.length}\n`
      return createHash('sha256').update(what).digest('hex')
    }
  }
}

/** Nothing where no file of the store is copied: what was made here is quickly hashed. */
async function entriesKey(
  { entries, format }: Entries,
  narHashes: ReadonlyMap<StorePath, string>,
): Promise<string | undefined> {
  let hasSource = false
  const hash = createHash('sha256').update(`entries, ${FORMAT_NAME[format]}\n`)
  let count = 0
  for (const { content, ...entry } of entries) {
    if (count++ % ENTRIES_A_TURN === 0) await setImmediate()
    hasSource ||= entry.source !== undefined
    const path = entry.source === undefined ? undefined : storePathAround(displayPath(entry.source))
    const narHash = path === undefined ? '' : narHashes.get(path)
    if (narHash === undefined) return undefined
    hash.update(`${JSON.stringify(entry)} ${narHash} ${content?.length ?? '-'}\n`).update(content ?? '')
  }
  return hasSource ? hash.digest('hex') : undefined
}
