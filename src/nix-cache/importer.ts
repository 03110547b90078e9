/**
 * Decides what a client may bring into the store: derivations and sources. They verify themselves, since their content
 * gives them their path. Everything is checked before Nix hears of it, and Nix computes the path once more from the
 * bytes (Store.add), so no client is trusted with anything. Paths that were built elsewhere are refused, signed or not:
 * the registry builds them, or fetches them from the caches that its operator has chosen.
 */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import pLimit from 'p-limit'
import {
  contentAddressedPath,
  parseContentAddress,
  type ContentAddress,
} from '../core/nix/content-address.ts'
import { RegistryError } from '../core/errors/errors.ts'
import { parseNarinfo, type Narinfo } from '../core/nix/narinfo.ts'
import { sha256Of } from '../core/oci/sha256.ts'
import {
  isDerivationPath,
  storeHashOf,
  storeNameOf,
  type StoreHash,
  type StorePath,
} from '../core/nix/store-path.ts'
import { parseDerivation } from '../core/nix/derivation.ts'
import { readNar, type NarRoot } from '../core/nix/nar-reader.ts'
import type { Store } from '../store/store.ts'
import { parseCompression, unpack } from './unpack.ts'
import { parseUploadName, type UploadName, type Uploads } from './uploads.ts'

export type ImporterOptions = {
  readonly store: Store
  readonly uploads: Uploads
  /** Keeps a path, valid or not yet, from being collected until what needs it is imported. */
  readonly hold: (path: StorePath) => Promise<void>
  /** Keeps a valid path until it is pulled, and what it needs with it; for days. */
  readonly keep: (path: StorePath) => void
}

/** Sources, not results: nixpkgs itself unpacks to 300 MB. */
const MAX_UNPACKED = 1024 ** 3
/** Real sources compress to a tenth, and a file of zeros to a seven-thousandth. */
const MAX_RATIO = 1000
const RATIO_COUNTS_FROM = 16 * 1024 ** 2
/** These are held in memory, by us and by Nix. The largest of nixpkgs have 300 KB. */
const MAX_TEXT = 16 * 1024 ** 2
/** Each has a decompressor (up to 128 MB for zstd at its highest) and a processor's whole attention. */
const IMPORTS_AT_ONCE = 2
/** More clients than there are; each waiting narinfo is a few kilobytes. */
const MAX_WAITING = 10_000
/** A gigabyte takes a minute. */
const IMPORT_LIMIT_MS = 10 * 60_000

export class Importer {
  readonly #options: ImporterOptions
  readonly #turns = pLimit(IMPORTS_AT_ONCE)

  constructor(options: ImporterOptions) {
    this.#options = options
  }

  /**
   * Imports what a narinfo describes, from the archive that was uploaded for it. Nothing happens for what is there.
   * @throws RegistryError `malformed`, `refused`, `too-large`, `no-space`, `pending`, `unavailable`.
   */
  async import(hash: StoreHash, text: string): Promise<StorePath> {
    const narinfo = parseNarinfo(text)
    if (storeHashOf(narinfo.storePath) !== hash)
      throw new RegistryError('malformed', `the narinfo of ${hash} describes ${narinfo.storePath}`)
    const address = addressOf(narinfo)
    const name = parseUploadName(narinfo.url.replace(/^nar\//, ''))
    checkSizes(narinfo, address)
    if (this.#turns.pendingCount >= MAX_WAITING)
      throw new RegistryError('pending', 'too many imports wait already: try again')
    await this.#turns(() => this.#import(narinfo, address, name))
    return narinfo.storePath
  }

  async #import(narinfo: Narinfo, address: ContentAddress, name: UploadName): Promise<void> {
    const { store, uploads, hold, keep } = this.#options
    const { storePath, references } = narinfo
    await this.#checkReferences(narinfo)
    await uploads.use(name, async (file, size) => {
      const root = await verify(file, size, narinfo, address, name)
      // Before it is added, so that there is no moment at which it could be collected.
      await hold(storePath)
      if (await store.isValid(storePath)) return
      const archive = unpack(file, parseCompression(narinfo.compression), narinfo.narSize)
      const content =
        root.kind === 'file' && address.method !== 'archive'
          ? slice(archive, root.offset, root.offset + root.size)
          : archive
      const added = await store.add(
        { name: storeNameOf(storePath), method: address.method, references, content },
        AbortSignal.timeout(IMPORT_LIMIT_MS),
      )
      if (added !== storePath) throw new Error(`Nix has added ${added} where ${storePath} was verified`)
    })
    uploads.wasImported(name)
    // Sources are kept by the derivations that need them.
    if (isDerivationPath(storePath)) keep(storePath)
  }

  /** @throws RegistryError `malformed` naming those that the store doesn't have. */
  async #checkReferences({ storePath, references }: Narinfo): Promise<void> {
    const valid = new Set(references.length === 0 ? [] : await this.#options.store.valid(references))
    const missing = references.filter((path) => !valid.has(path))
    if (missing.length === 0) return
    throw new RegistryError(
      'malformed',
      `${storePath} refers to what this store does not have: ${missing.slice(0, 3).join(', ')}` +
        `${missing.length > 3 ? ` and ${missing.length - 3} more` : ''}. If your Nix takes it to be here,` +
        ' it remembers an earlier copy: add --option narinfo-cache-positive-ttl 0',
    )
  }
}

/** @throws RegistryError `refused` for what has no content address, `malformed` when it isn't that of the path. */
function addressOf({ storePath, contentAddress, references, signatures }: Narinfo): ContentAddress {
  if (contentAddress === undefined)
    throw new RegistryError(
      'refused',
      `${storePath} is not content-addressed${signatures.length > 0 ? ', and signatures are not trusted' : ''}:` +
        ' only derivations and sources are taken (nix copy --derivation), and this registry builds the rest',
    )
  const address = parseContentAddress(contentAddress)
  if (address === undefined)
    throw new RegistryError(
      'refused',
      `${storePath}: only text:sha256, fixed:sha256 and fixed:r:sha256 are taken, not this content address`,
    )
  if (references.includes(storePath))
    throw new RegistryError(
      'refused',
      `${storePath} refers to itself, which no derivation and no source does`,
    )
  if (contentAddressedPath(storeNameOf(storePath), address, references) !== storePath)
    throw new RegistryError('malformed', `${storePath} is not the path of its content address and references`)
  if (isDerivationPath(storePath) && address.method !== 'text')
    throw new RegistryError(
      'malformed',
      `${storePath} is named like a derivation, whose address is text:sha256`,
    )
  return address
}

/** @throws RegistryError `too-large`. */
function checkSizes({ narSize }: Narinfo, { method }: ContentAddress): void {
  const limit = method === 'text' ? MAX_TEXT : MAX_UNPACKED
  if (narSize > limit)
    throw new RegistryError('too-large', `${narSize} bytes unpacked: at most ${limit} are taken`)
}

/**
 * Reads an archive to its end, and compares it with all that its narinfo says.
 * @throws RegistryError `malformed`, `too-large`.
 */
async function verify(
  file: FileHandle,
  size: number,
  narinfo: Narinfo,
  { method, hash }: ContentAddress,
  { hash: uploadHash }: UploadName,
): Promise<NarRoot> {
  const { storePath, narHash, narSize, fileHash, fileSize, references } = narinfo
  if ((fileHash ?? uploadHash) !== uploadHash || (fileSize ?? size) !== size)
    throw new RegistryError('malformed', `${storePath}: FileHash or FileSize is not that of the upload`)
  if (narSize > RATIO_COUNTS_FROM && narSize > size * MAX_RATIO)
    throw new RegistryError('too-large', `unpacks to more than ${MAX_RATIO} times its size`)
  const isText = method === 'text'
  const content = createHash('sha256')
  const archive = createHash('sha256')
  const text: Uint8Array[] = []
  const root = await readNar(
    hashing(unpack(file, parseCompression(narinfo.compression), narSize), (chunk) => archive.update(chunk)),
    {
      file: (path) => ({
        write: (piece) => {
          // Only an archive that is a single file has the content of an address.
          if (path !== '') return
          if (method !== 'archive') content.update(piece)
          if (isText && isDerivationPath(storePath)) text.push(Buffer.from(piece))
        },
      }),
    },
  )
  const actual = sha256Of(archive.digest())
  if (actual !== narHash)
    throw new RegistryError('malformed', `${storePath}: NarHash is not that of the upload`)
  if (method !== 'archive' && (root.kind !== 'file' || root.isExecutable))
    throw new RegistryError('malformed', `${storePath}: not a plain file, as its content address has it`)
  if ((method === 'archive' ? actual : sha256Of(content.digest())) !== hash)
    throw new RegistryError('malformed', `${storePath}: its content address is not that of the upload`)
  if (text.length > 0 || isDerivationPath(storePath))
    checkDerivation(storePath, Buffer.concat(text).toString(), references)
  return root
}

/** @throws RegistryError `malformed` unless this is a derivation that refers to its inputs and to nothing else. */
function checkDerivation(path: StorePath, text: string, references: readonly StorePath[]): void {
  let inputs: ReadonlySet<string>
  try {
    const { inputDerivations, inputSources } = parseDerivation(text)
    inputs = new Set([...inputDerivations.keys(), ...inputSources])
  } catch (cause) {
    throw new RegistryError('malformed', `${path} is no derivation that can be read`, { cause })
  }
  if (inputs.size !== new Set(references).size || references.some((reference) => !inputs.has(reference)))
    throw new RegistryError('malformed', `${path}: its references are not its inputs`)
}

async function* hashing(
  chunks: AsyncIterable<Uint8Array>,
  update: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    update(chunk)
    yield chunk
  }
}

/** Bytes `start` up to `end`, after which the rest is passed over. */
async function* slice(
  chunks: AsyncIterable<Uint8Array>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let at = 0
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at))
    at += chunk.length
    if (part.length > 0) yield part
  }
}
