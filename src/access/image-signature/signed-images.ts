/**
 * The images that may be served where signatures are required: those with a bundle in the directory of signatures that
 * one of the keys signed. Nobody pushes here, so signatures come as files, as the images do: `sha256-<hex>.json`, or
 * `sha256-<hex>.<anything>.json` for several.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Document } from '../../core/oci/image.ts'
import { parseSigningKey } from '../../core/nix/signature.ts'
import { verifyBundle } from './read-bundle.ts'

const MAX_BUNDLE_BYTES = 1_000_000
/** Bundles of one image that are looked at. */
const MAX_BUNDLES = 100

export type SignedImagesOptions = {
  readonly directory: string
  /** Files of public keys: PEM as cosign and `pushless key` write it, or Nix's form. */
  readonly keyFiles: readonly string[]
}

export class SignedImages {
  readonly #directory: string
  readonly #keys: readonly KeyObject[]

  /** @throws RegistryError `unavailable` for a key that can't be read, and for a directory that isn't there. */
  constructor({ directory, keyFiles }: SignedImagesOptions) {
    this.#directory = directory
    this.#keys = keyFiles.map(readPublicKey)
    this.#names()
  }

  /** @throws RegistryError `denied` for an image without a signature that counts, with the reasons. */
  demand(manifest: Document, root: string): void {
    const prefix = manifest.digest.replace(':', '-')
    const names = this.#names().filter((name) => name.startsWith(`${prefix}.`) && name.endsWith('.json'))
    const reasons = names.slice(0, MAX_BUNDLES).map((name) => {
      const verdict = this.#verify(join(this.#directory, name), manifest)
      return verdict === undefined ? undefined : `${name}: ${verdict}`
    })
    if (reasons.includes(undefined)) return
    const why = reasons.length === 0 ? `no ${prefix}.json in ${this.#directory}` : reasons.join('; ')
    throw new RegistryError('denied', `${root} is not signed: ${why} (--require-image-signature)`)
  }

  /** @returns why the bundle doesn't count, or nothing. */
  #verify(file: string, manifest: Document): string | undefined {
    try {
      if (statSync(file).size > MAX_BUNDLE_BYTES) return 'it is too large for a bundle'
      const verdict = verifyBundle(readFileSync(file, 'utf8'), manifest, this.#keys)
      return verdict.kind === 'signed' ? undefined : verdict.reason
    } catch {
      return 'it cannot be read'
    }
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.#directory)
    } catch (cause) {
      throw new RegistryError('unavailable', `image signatures ${this.#directory}: cannot be read`, { cause })
    }
  }
}

function readPublicKey(file: string): KeyObject {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new RegistryError('unavailable', `image key ${file}: cannot be read`, { cause })
  }
  try {
    return parseSigningKey(text)?.key ?? createPublicKey(text)
  } catch (cause) {
    throw new RegistryError(
      'unavailable',
      `image key ${file}: expected a public key in PEM, as cosign and pushless key write it, or name:base64`,
      { cause },
    )
  }
}
