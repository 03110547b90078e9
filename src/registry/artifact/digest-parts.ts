/**
 * From planned layers to their digests: remembered, or hashed by reader threads. Small layers are hashed several at a
 * time: a message to a thread and its answer cost as much as to hash 100 kB.
 */
import { setImmediate } from 'node:timers/promises'
import pLimit from 'p-limit'
import { asByteString, displayPath } from '../../core/byte-string.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import { MEDIA_TYPE } from '../../core/oci/image.ts'
import { isPlainLayer } from '../../core/oci/oci-document.ts'
import { packEntries } from '../../layer/packed-entries.ts'
import { isSerialized } from '../../layer/serialized-entries.ts'
import type { StoreReader } from '../../layer/store-reader.ts'
import type { Hashable } from '../../layer/worker.ts'
import type { ClosurePath } from '../../store/store.ts'
import type { DigestIndex, LayerDigest } from '../state/digest-index.ts'
import type { FrameFiles } from '../state/frame-files.ts'
import type { ImageLayer } from './image-root.ts'
import { keyOf } from './layer-key.ts'
import type { Part } from './layer-part.ts'
import { heldSlice, type UnpackedSlice, type Unpacker } from './unpacked-slice.ts'

export type Hasher = {
  readonly reader: StoreReader
  readonly index: DigestIndex
  readonly frames: FrameFiles
  readonly archives: { readonly cache: Unpacker }
}

type Nodes = ReadonlyMap<StorePath, ClosurePath>

/** A layer with its place among the others. */
type Wanted = { readonly at: number; readonly source: Hashable | UnpackedSlice }
type Digested = LayerDigest & { readonly at: number; readonly source: ImageLayer['source'] }

/** Messages of one image to reader threads at once: enough for each thread, few enough that frames don't pile up. */
const MESSAGES_AT_ONCE = 4
/** Bytes that are hashed together, and layers: so few that each thread gets some, and that others get their turn. */
const BYTES_TOGETHER = 512 * 1024
const LAYERS_TOGETHER = 16

/**
 * @param closure at least the paths in the parts.
 * @throws RegistryError `unservable` for a blob that isn't what its maker says, `unavailable`.
 */
export async function digestParts(
  parts: readonly Part[],
  closure: readonly ClosurePath[],
  hasher: Hasher,
): Promise<readonly ImageLayer[]> {
  const nodes = new Map(closure.map((node) => [node.path, node]))
  const digested: Digested[] = []
  const unknown: Wanted[] = []
  for (const [at, { source }] of parts.entries()) {
    const wanted = { at, source: await hashable(source) }
    const known = remembered(wanted, nodes, hasher)
    if (known === undefined) unknown.push(wanted)
    else digested.push(known)
  }
  const limit = pLimit(MESSAGES_AT_ONCE)
  const hashed = await Promise.all(
    groupsOf(unknown, nodes).map((group) => limit(() => hashGroup(group, nodes, hasher))),
  )
  const layers = new Map([...digested, ...hashed.flat()].map((layer) => [layer.at, layer]))
  return parts.flatMap((part, at) => {
    const layer = layers.get(at)
    return layer === undefined ? [] : [checkedLayer(part, layer)]
  })
}

async function hashable(source: Part['source']): Promise<Wanted['source']> {
  if (source.kind !== 'entries') return source
  const { entries, format } = source
  return isSerialized(entries)
    ? { kind: 'serialized entries', pieces: entries.pieces, format }
    : packEntries(entries, setImmediate, format)
}

function remembered({ at, source }: Wanted, nodes: Nodes, { index }: Hasher): Digested | undefined {
  if (source.kind === 'serialized entries') return undefined
  const key = keyOf(source, nodes)
  const known = key === undefined ? undefined : index.layer(key)
  return known === undefined ? undefined : { ...known, at, source }
}

/** Neighbours that are small are in one group. */
function groupsOf(wanted: readonly Wanted[], nodes: Nodes): readonly (readonly Wanted[])[] {
  const groups: Wanted[][] = []
  let bytes = Infinity
  for (const one of wanted) {
    const last = groups.at(-1)
    const size = sizeOf(one.source, nodes)
    bytes += size
    if (last !== undefined && bytes <= BYTES_TOGETHER && last.length < LAYERS_TOGETHER) last.push(one)
    else {
      groups.push([one])
      bytes = size
    }
  }
  return groups
}

/** About the bytes that are hashed for it. */
function sizeOf(source: Wanted['source'], nodes: Nodes): number {
  switch (source.kind) {
    case 'paths':
      return source.paths.reduce((sum, path) => sum + (nodes.get(path)?.narSize ?? 0), 0)
    case 'slice':
      return source.length
    case 'serialized entries':
      return 0
    case 'packed entries':
      return source.frame.size
    case 'unpacked':
      return Infinity
  }
}

async function hashGroup(
  group: readonly Wanted[],
  nodes: Nodes,
  hasher: Hasher,
): Promise<readonly Digested[]> {
  const { reader, index, frames } = hasher
  const sources: Hashable[] = []
  for (const { at, source } of group) {
    if (source.kind === 'unpacked') return [await hashUnpacked(at, source, nodes, hasher)]
    sources.push(source)
  }
  const bytes = sources.reduce((sum, source) => sum + sizeOf(source, nodes), 0)
  const digested: Digested[] = []
  const copies: Wanted[] = []
  for (const [i, answer] of (await reader.digests(sources, bytes)).entries()) {
    const at = group[i]?.at ?? 0
    if (answer.kind === 'packed') {
      copies.push({ at, source: answer.source })
      continue
    }
    const { source, digest, size, frame } = answer
    if (frame !== undefined && source.kind === 'paths') frames.put(digest, source, frame)
    digested.push({ at, source, digest, size })
  }
  index.together(() => {
    for (const layer of digested) remember(layer, nodes, hasher)
  })
  // The files may be large, and hashed already.
  const others = copies.map(async (copy) => {
    const known = remembered(copy, nodes, hasher)
    return known === undefined ? hashGroup([copy], nodes, hasher) : [known]
  })
  return [...digested, ...(await Promise.all(others)).flat()]
}

async function hashUnpacked(
  at: number,
  source: UnpackedSlice,
  nodes: Nodes,
  hasher: Hasher,
): Promise<Digested> {
  const { content, release } = await heldSlice(source, hasher.archives.cache)
  try {
    const { digest, size } = await hasher.reader.digest(content, source.length)
    const layer = { at, source, digest, size }
    remember(layer, nodes, hasher)
    return layer
  } finally {
    release()
  }
}

function remember({ source, digest, size }: Digested, nodes: Nodes, { index }: Hasher): void {
  const key = keyOf(source, nodes)
  if (key !== undefined) index.putLayer(key, { digest, size })
}

/** @throws RegistryError `unservable` for a blob that isn't what its maker says. */
function checkedLayer(part: Part, { source, digest, size }: Digested): ImageLayer {
  const { createdBy, stored } = part
  if (stored?.digest !== undefined && stored.digest !== digest) {
    throw new RegistryError(
      'unservable',
      `${displayPath(stored.place.file)}: a layer is said to be ${stored.digest}, and is ${digest}`,
    )
  }
  const { diffId = digest, mediaType = typeOf(part.source) } = stored ?? {}
  // The diff_id of a compressed layer can't be checked, since the layer isn't unpacked here.
  if (isPlainLayer({ mediaType }) && diffId !== digest) {
    throw new RegistryError(
      'unservable',
      `${displayPath(stored?.place.file ?? asByteString(''))}: its config has the diff_id ${diffId} for a layer that is ${digest}`,
    )
  }
  return { source, createdBy, digest, size, diffId, mediaType }
}

function typeOf(source: Part['source']): string {
  const isErofs = (source.kind === 'paths' || source.kind === 'entries') && source.format === 'erofs'
  return isErofs ? MEDIA_TYPE.erofsLayer : MEDIA_TYPE.layer
}
