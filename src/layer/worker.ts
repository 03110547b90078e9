/**
 * The thread that touches the store: walks, hashes and reads, with synchronous calls and nothing to wait for but the
 * disk. Hashing lets waiting reads pass between chunks, so that a cold image doesn't stop the streams of warm ones. A
 * thread without a layer reads for those that hash one: read-ahead.ts.
 */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { parentPort, type MessagePort } from 'node:worker_threads'
import { parseDigest, type Digest } from '../core/oci/digest.ts'
import { RegistryError, type ErrorDetail, type ErrorKind } from '../core/errors/errors.ts'
import type { FramePage } from '../core/tar/frame.ts'
import { narPages } from '../core/nix/nar-frame.ts'
import { segmentsOf, segmentsOfPage, type LayerEntry, type Segment, type Slice } from '../core/tar/segment.ts'
import type { StoreDirectory } from '../core/nix/store-directory.ts'
import { dialectOf, type LayerStyle } from '../core/tar/layer-style.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import { chunksOf } from './chunk.ts'
import { pagesIn, type LayerFormat } from './layer-format.ts'
import { packEntries, type PackedEntries } from './packed-entries.ts'
import { FramePacker, isLarge, packFrame, unpackedPages, type PackedFrame } from './packed-frame.ts'
import { readFiles, type FilePart } from './read.ts'
import { serializedEntries } from './serialized-entries.ts'
import { CHUNK_SIZE, ReadAhead } from './read-ahead.ts'
import { walkForErofs, walkStorePath, walkStorePaths } from './walk.ts'

export type Job =
  | { readonly kind: 'archive'; readonly path: StorePath }
  | { readonly kind: 'frame'; readonly layer: WalkedLayer }
  | { readonly kind: 'digests'; readonly layers: readonly Hashable[] }
  | {
      readonly kind: 'read'
      readonly parts: readonly FilePart[]
      /** The id of a slab, and where the buffer is in it. */
      readonly slab: number
      readonly start: number
      readonly size: number
      /** The slab's memory, the first time that this thread hears of it. */
      readonly memory?: SharedArrayBuffer
    }
  /** A slab is not used any more. */
  | { readonly kind: 'forget'; readonly slab: number }
  /** The other end of the port is another reader thread. */
  | { readonly kind: 'meet'; readonly port: MessagePort }
  /** Work on the store that other rooms know: their module has a function `run`. */
  | { readonly kind: 'call'; readonly module: string; readonly input: unknown }

/** The source of a layer: store paths, entries of the image itself, or bytes of a file that are a blob already. */
export type LayerSource =
  | {
      readonly kind: 'paths'
      readonly paths: readonly StorePath[]
      /** Defaults to tar. */
      readonly format?: LayerFormat
      /** A tar's alone. */
      readonly style?: LayerStyle
    }
  | PackedEntries
  | Slice

/** Entries that a thread packs before it hashes them. */
export type Hashable =
  | LayerSource
  | {
      readonly kind: 'serialized entries'
      /** See serialized-entries.ts. */
      readonly pieces: readonly Uint8Array[]
      readonly format: LayerFormat
    }

export type LayerHash = {
  readonly digest: Digest
  readonly size: number
  /** The frame of a layer that was walked, if it is large. */
  readonly frame?: PackedFrame
}

export type HashAnswer =
  | ({ readonly kind: 'hashed'; readonly source: LayerSource } & LayerHash)
  /** Entries that copy files of the store. These may be large, and their digest may be known. */
  | { readonly kind: 'packed'; readonly source: PackedEntries }

/** A source that has to be walked before it can be read. */
export type WalkedLayer = Extract<LayerSource, { readonly kind: 'paths' }>

export type JobResult = {
  readonly archive: PackedFrame
  readonly frame: PackedFrame
  readonly digests: readonly HashAnswer[]
  readonly read: undefined
  readonly forget: undefined
  readonly meet: undefined
  readonly call: { readonly returned: unknown }
}

/** A job, and the files of the store that it is about. */
export type Ask = { readonly id: number; readonly directory: StoreDirectory; readonly job: Job }
export type Answer =
  /** The first message of a thread: it takes jobs from now on. */
  | { readonly kind: 'ready' }
  | { readonly id: number; readonly kind: 'result'; readonly result: JobResult[Job['kind']] }
  | {
      readonly id: number
      readonly kind: 'error'
      readonly error: {
        readonly kind: ErrorKind | undefined
        readonly message: string
        readonly detail: ErrorDetail | undefined
      }
    }

const readAhead = new ReadAhead()
/** Memory that is shared with the thread of the server, by the id of its slab. */
const slabs = new Map<number, SharedArrayBuffer>()

parentPort?.on('message', ({ id, directory, job }: Ask) => {
  void run(job, directory)
    .then((result) =>
      parentPort?.postMessage({ id, kind: 'result', result } satisfies Answer, transfersOf(result)),
    )
    // Also for results that can't be posted: else the thread would end, and the caller would wait.
    .catch((cause: unknown) =>
      parentPort?.postMessage({ id, kind: 'error', error: describe(cause) } satisfies Answer),
    )
})

parentPort?.postMessage({ kind: 'ready' } satisfies Answer)

async function run(job: Job, directory: StoreDirectory): Promise<JobResult[Job['kind']]> {
  switch (job.kind) {
    case 'archive':
      return readAhead.working(() => packFrame(narPages(walkStorePath(job.path, directory)), setImmediate))
    case 'frame':
      return readAhead.working(async () => packFrame(await pagesOf(job.layer, directory), setImmediate))
    case 'digests':
      return readAhead.working(() => digestsOf(job.layers, directory))
    case 'read':
      if (job.memory !== undefined) slabs.set(job.slab, job.memory)
      // Not the whole slab: reading may touch one byte behind a file's last one.
      readFiles(job.parts, new Uint8Array(demandSlab(job.slab), job.start, job.size), directory)
      return undefined
    case 'forget':
      slabs.delete(job.slab)
      return undefined
    case 'meet':
      readAhead.meet(job.port)
      return undefined
    case 'call':
      return call(job.module, job.input, directory)
  }
}

async function call(module: string, input: unknown, directory: StoreDirectory): Promise<JobResult['call']> {
  const imported = (await import(module)) as { readonly run: (...args: unknown[]) => Promise<unknown> }
  return { returned: await imported.run(input, directory) }
}

async function pagesOf(layer: WalkedLayer, directory: StoreDirectory): Promise<Iterable<FramePage>> {
  const { format = 'tar', style } = layer
  return pagesIn(format, await entriesOf(layer, directory), setImmediate, dialectOf(style))
}

async function entriesOf(
  { paths, format, style }: WalkedLayer,
  directory: StoreDirectory,
): Promise<Iterable<LayerEntry>> {
  if (format === 'erofs') return walkForErofs(paths, directory)
  if (style === undefined) return walkStorePaths(paths, directory)
  // Its regular expressions are three quarters of the code of this thread, and few layers have any.
  const { walkInStyle } = await import('./walk-in-style.ts')
  return walkInStyle(paths, style, directory)
}

/** @param onPage hears of each page of a layer that is walked. */
async function segmentsIn(
  layer: LayerSource,
  directory: StoreDirectory,
  onPage: (page: FramePage) => void,
): Promise<Iterable<Segment>> {
  switch (layer.kind) {
    case 'slice':
      return segmentsOf(layer, { start: 0, end: layer.length })
    case 'packed entries':
      return segmentsOfAll(unpackedPages(layer.frame))
    case 'paths':
      // A tar is walked while it is hashed: a layer of many files is never in memory as a whole.
      return segmentsOfAll(await pagesOf(layer, directory), onPage)
  }
}

function* segmentsOfAll(pages: Iterable<FramePage>, onPage?: (page: FramePage) => void): Generator<Segment> {
  for (const page of pages) {
    onPage?.(page)
    yield* segmentsOfPage(page, { start: 0, end: page.size })
  }
}

function demandSlab(id: number): SharedArrayBuffer {
  const found = slabs.get(id)
  if (found === undefined) throw new Error(`no slab ${id}`)
  return found
}

async function digestsOf(
  layers: readonly Hashable[],
  directory: StoreDirectory,
): Promise<JobResult['digests']> {
  const answers: HashAnswer[] = []
  for (const layer of layers) {
    const source =
      layer.kind === 'serialized entries'
        ? await packEntries(serializedEntries(layer.pieces), setImmediate, layer.format)
        : layer
    const isCopy =
      layer.kind === 'serialized entries' && source.kind === 'packed entries' && source.copiedFrom.length > 0
    answers.push(
      isCopy
        ? { kind: 'packed', source }
        : { kind: 'hashed', source, ...(await digestOf(source, directory)) },
    )
  }
  return answers
}

async function digestOf(layer: LayerSource, directory: StoreDirectory): Promise<LayerHash> {
  // Packed on the way: to walk the layer again for its frame takes a third of the time that hashing it takes.
  const packer = layer.kind === 'paths' ? new FramePacker() : undefined
  const segments = await segmentsIn(layer, directory, (page) => packer?.add(page))
  const hash = createHash('sha256')
  let size = 0
  for (const bytes of readAhead.read(
    chunksOf(segments, () => CHUNK_SIZE),
    directory,
  )) {
    hash.update(bytes)
    size += bytes.length
    await setImmediate()
  }
  const digest = parseDigest(`sha256:${hash.digest('hex')}`)
  const frame = packer?.isSmall === false ? packer.packed() : undefined
  return frame === undefined || !isLarge(frame) ? { digest, size } : { digest, size, frame }
}

function transfersOf(result: JobResult[Job['kind']]): ArrayBuffer[] {
  if (result === undefined || 'returned' in result) return []
  const frames = 'bytes' in result ? [result] : result.flatMap(framesOf)
  return frames
    .flatMap(({ bytes, pageEnds, pageStarts }) => [bytes, pageEnds, pageStarts])
    .flatMap(({ buffer: moved }) => (moved instanceof ArrayBuffer ? [moved] : []))
}

function framesOf(answer: HashAnswer): readonly PackedFrame[] {
  const walked = answer.kind === 'hashed' ? answer.frame : undefined
  const packed = answer.source.kind === 'packed entries' ? answer.source.frame : undefined
  return [walked, packed].flatMap((frame) => frame ?? [])
}

function describe(cause: unknown): Extract<Answer, { error: unknown }>['error'] {
  if (cause instanceof RegistryError)
    return { kind: cause.kind, message: cause.message, detail: cause.detail }
  return {
    kind: undefined,
    message: cause instanceof Error ? cause.message : String(cause),
    detail: undefined,
  }
}
