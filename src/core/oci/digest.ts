/** OCI content digests. Only sha256 is ever made here; other algorithms parse, and name nothing that we have. */
import { createHash } from 'node:crypto'
import { RegistryError } from '../errors/errors.ts'

declare const brand: unique symbol
/** `sha256:` and 64 hexadecimal digits, or another algorithm's digest of at least 32 digits. */
export type Digest = string & { readonly [brand]: 'Digest' }

const SHA256 = /^sha256:[0-9a-f]{64}$/
/** OCI image-spec, descriptor.md "Digests", with distribution's rule of at least 32 hexadecimal digits. */
const OTHER = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}$/

/** @throws RegistryError `digest-invalid` when the text is no digest. */
export function parseDigest(text: string): Digest {
  const digest = readDigest(text)
  if (digest === undefined) {
    throw new RegistryError('digest-invalid', `not a digest: expected sha256: and 64 hexadecimal digits`, {
      detail: { digest: text.slice(0, 200) },
    })
  }
  return digest
}

/** Returns `undefined` for a text that is no digest. */
export function readDigest(text: string | undefined): Digest | undefined {
  const isDigest = text?.startsWith('sha256:') === true ? SHA256.test(text) : OTHER.test(text ?? '')
  return isDigest ? (text as Digest) : undefined
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
}
