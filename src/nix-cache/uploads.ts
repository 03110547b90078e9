/**
 * Archives that were uploaded and wait for their narinfo, which says what they are: files in a directory of the state,
 * bounded in number, bytes and age, and gone when the registry starts again. A file's name is the hash of its bytes, so
 * that nothing else can lie under it.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { ignoreDeletions, type DeletionListener } from '../core/deletion.ts'
import { RegistryError } from '../core/errors/errors.ts'
import { parseBase32Sha256, sha256Of, type Sha256 } from '../core/oci/sha256.ts'

/** `<hash>.nar.xz`, as Nix names what it uploads. The end is for people: Nix 2.8 gives gzip none. */
export type UploadName = {
  readonly file: string
  readonly hash: Sha256
}

export type UploadLimits = {
  readonly fileBytes: number
  readonly totalBytes: number
  readonly files: number
  /** Milliseconds that an archive waits for its narinfo. */
  readonly ageMs: number
}

const UPLOAD_LIMITS: UploadLimits = {
  // Not less than what may be unpacked (import.ts), since it may come without compression.
  fileBytes: 1024 ** 3,
  totalBytes: 2 * 1024 ** 3,
  // Nix may upload every archive of a closure before the first narinfo; NixOS has 20,000 derivations.
  files: 100_000,
  ageMs: 30 * 60_000,
}
/** Two paths may have the same archive, and Nix doesn't upload it twice while it is there. */
const AFTER_IMPORT_MS = 60_000
const SWEEP_MS = 30_000
/** Each has a file open. Nix sends 25 at once by default (`http-connections`). */
const MAX_UNDER_WAY = 100
const UNCLAIMED = 'it was uploaded, and no narinfo came for it in time'
const NAME = /^([0-9a-z]{52})\.nar(?:\.[a-z0-9]{1,5})?$/

type Upload = {
  readonly size: number
  /** On the clock of `performance.now()`. */
  expires: number
  isImported: boolean
}

/** @throws RegistryError `malformed` for a name that Nix doesn't give. */
export function parseUploadName(file: string): UploadName {
  const [, digits = ''] = NAME.exec(file) ?? []
  const hash = parseBase32Sha256(digits)
  if (hash === undefined)
    throw new RegistryError(
      'malformed',
      'an archive is uploaded as nar/<hash of its bytes in base 32>.nar, with .xz or the like behind it',
    )
  return { file, hash }
}

export class Uploads {
  readonly #directory: string
  readonly #limits: UploadLimits
  readonly #uploads = new Map<string, Upload>()
  /** Also of those still on their way. */
  #bytes = 0
  #underWay = 0
  readonly #sweeper: NodeJS.Timeout
  readonly #onDeletion: DeletionListener

  /** @param directory this object's own: emptied now. @param onDeletion hears of archives that nobody imported. */
  constructor(
    directory: string,
    limits: UploadLimits = UPLOAD_LIMITS,
    onDeletion: DeletionListener = ignoreDeletions,
  ) {
    this.#onDeletion = onDeletion
    this.#directory = directory
    this.#limits = limits
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.#sweeper = setInterval(() => void this.#sweep(), SWEEP_MS)
    this.#sweeper.unref()
  }

  has({ file }: UploadName): boolean {
    return this.#uploads.has(file)
  }

  /**
   * Takes an archive.
   * @throws RegistryError `malformed` when its bytes aren't those of its name, `too-large`, `no-space`, `busy`;
   * whatever `body` throws.
   */
  async put(name: UploadName, body: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#sweep()
    if (this.#uploads.size + this.#underWay >= this.#limits.files)
      throw new RegistryError('no-space', 'too many uploads wait for their narinfo: try again later')
    if (this.#underWay >= MAX_UNDER_WAY)
      throw new RegistryError('busy', 'too many uploads at once: try again later')
    const temporary = join(this.#directory, randomUUID())
    let size = 0
    this.#underWay += 1
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
      const file = await open(temporary, 'wx', 0o600)
      try {
        const hash = createHash('sha256')
        for await (const chunk of body) {
          await this.#reserve(chunk.length, size)
          size += chunk.length
          hash.update(chunk)
          await file.appendFile(chunk)
        }
        if (sha256Of(hash.digest()) !== name.hash)
          throw new RegistryError('malformed', `nar/${name.file} has other bytes than its name says`)
      } finally {
        await file.close()
      }
      await rename(temporary, join(this.#directory, name.file))
      this.#bytes -= this.#uploads.get(name.file)?.size ?? 0
      this.#uploads.set(name.file, {
        size,
        expires: performance.now() + this.#limits.ageMs,
        isImported: false,
      })
    } catch (cause) {
      this.#bytes -= size
      await rm(temporary, { force: true })
      throw isDiskFull(cause) ? new RegistryError('no-space', 'the disk is full', { cause }) : cause
    } finally {
      this.#underWay -= 1
    }
  }

  /**
   * Opens an archive for `use`.
   * @throws RegistryError `malformed` when it wasn't uploaded; whatever `use` throws.
   */
  async use<T>(name: UploadName, use: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
    const upload = this.#uploads.get(name.file)
    if (upload === undefined) throw missing(name)
    upload.expires = performance.now() + this.#limits.ageMs
    const file = await open(join(this.#directory, name.file)).catch((cause: unknown) => {
      throw missing(name, cause)
    })
    try {
      return await use(file, upload.size)
    } finally {
      await file.close()
    }
  }

  /** Says that an archive has done its service. */
  wasImported({ file }: UploadName): void {
    const upload = this.#uploads.get(file)
    if (upload === undefined) return
    upload.isImported = true
    upload.expires = performance.now() + AFTER_IMPORT_MS
  }

  close(): void {
    clearInterval(this.#sweeper)
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #reserve(bytes: number, before: number): Promise<void> {
    const { fileBytes, totalBytes } = this.#limits
    if (before + bytes > fileBytes)
      throw new RegistryError('too-large', `an archive may have at most ${fileBytes} bytes`)
    for (const [file, { isImported }] of this.#uploads) {
      if (this.#bytes + bytes <= totalBytes) break
      if (isImported) await this.#drop(file)
    }
    if (this.#bytes + bytes > totalBytes)
      throw new RegistryError('no-space', 'the uploads take all the room they may: try again later')
    this.#bytes += bytes
  }

  async #sweep(): Promise<void> {
    const now = performance.now()
    for (const [file, { expires, isImported }] of this.#uploads) {
      if (expires > now) continue
      await this.#drop(file)
      // The contents of one that was imported are in the store.
      if (!isImported) this.#onDeletion({ target: `nar/${file}`, reason: UNCLAIMED, isDone: true })
    }
  }

  async #drop(file: string): Promise<void> {
    this.#bytes -= this.#uploads.get(file)?.size ?? 0
    this.#uploads.delete(file)
    await rm(join(this.#directory, file), { force: true })
  }
}

function missing({ file }: UploadName, cause?: unknown): RegistryError {
  return new RegistryError('malformed', `nar/${file} was not uploaded before its narinfo, or too long ago`, {
    cause,
  })
}

function isDiskFull(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT')
}
