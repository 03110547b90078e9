/** The key by which the digest of a layer is remembered. */
import { createHash } from 'node:crypto'
import { displayPath } from '../../core/byte-string.ts'
import { storePathAround, type StorePath } from '../../core/nix/store-path.ts'
import { FORMAT_NAME } from '../../layer/layer-format.ts'
import type { ClosurePath } from '../../store/store.ts'
import type { PackedEntries } from '../../layer/packed-entries.ts'
import type { ImageLayer } from './image-root.ts'

/** Changes when another tar is written in any style. */
const STYLE_FORMAT = 1

/**
 * Returns the key of a layer: its paths with their hashes in Nix, since a path may be rebuilt with other contents.
 * Nothing for a layer that is quickly hashed.
 * @param nodes at least the store paths in the layer.
 */
export function keyOf(
  source: ImageLayer['source'],
  nodes: ReadonlyMap<StorePath, ClosurePath>,
): string | undefined {
  switch (source.kind) {
    case 'packed entries':
      return entriesKey(source, nodes)
    case 'paths': {
      const hash = createHash('sha256').update(`${FORMAT_NAME[source.format ?? 'tar']}\n`)
      if (source.style !== undefined) hash.update(`style ${STYLE_FORMAT} ${JSON.stringify(source.style)}\n`)
      for (const path of source.paths) hash.update(`${path} ${nodes.get(path)?.narHash ?? ''}\n`)
      return hash.digest('hex')
    }
    case 'unpacked': {
      const { packed, offset, length } = source
      return createHash('sha256').update(`unpacked\n${packed.narHash} ${offset} ${length}\n`).digest('hex')
    }
    case 'slice': {
      const path = storePathAround(displayPath(source.path))
      const narHash = path === undefined ? undefined : nodes.get(path)?.narHash
      if (narHash === undefined) return undefined
      const what = `slice\n${source.path} ${narHash} ${source.offset} ${source.length}\n`
      return createHash('sha256').update(what).digest('hex')
    }
  }
}

/** Nothing where no file of the store is copied: what was made here is quickly hashed. */
function entriesKey(
  { frame, copiedFrom }: PackedEntries,
  nodes: ReadonlyMap<StorePath, ClosurePath>,
): string | undefined {
  if (copiedFrom.length === 0) return undefined
  const hash = createHash('sha256').update('packed entries\n')
  for (const path of copiedFrom) {
    const narHash = nodes.get(path)?.narHash
    if (narHash === undefined) return undefined
    hash.update(`${path} ${narHash}\n`)
  }
  // All of the layer but the files' contents, and which files they are.
  return hash.update(frame.bytes).digest('hex')
}
