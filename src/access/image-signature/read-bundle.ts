/**
 * Verifies signatures of images in sigstore bundles (sigstore_bundle.proto, version 0.3), as `cosign sign`, `cosign
 * sign-blob --bundle` and `pushless sign` write them: an envelope around a statement that names the digest, or a
 * signature over the bytes of the manifest.
 */
import { verify, type KeyObject } from 'node:crypto'
import { listAt, textAt } from '../../core/json-fields.ts'
import { parseJson, type Json } from '../../core/json.ts'
import type { Document } from '../../core/oci/image.ts'

/** Statements that say "this image is signed", and not something else about it. */
const SIGNATURE_TYPE = 'https://sigstore.dev/cosign/sign/v1'
const STATEMENT_TYPES = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']

export type BundleVerdict =
  | { readonly kind: 'signed' }
  /** @param reason for the log. */
  | { readonly kind: 'refused'; readonly reason: string }

/** Decides whether a bundle is a signature of the manifest by one of the keys. */
export function verifyBundle(text: string, manifest: Document, keys: readonly KeyObject[]): BundleVerdict {
  let bundle: Json
  try {
    bundle = parseJson(text)
  } catch {
    return refused('it is no JSON')
  }
  const blobSignature = textAt(bundle, 'messageSignature', 'signature')
  if (blobSignature !== undefined)
    return isSigned(Buffer.from(manifest.bytes), blobSignature, keys)
      ? { kind: 'signed' }
      : refused('none of the keys signed the bytes of this manifest')
  const payloadType = textAt(bundle, 'dsseEnvelope', 'payloadType')
  const encoded = textAt(bundle, 'dsseEnvelope', 'payload')
  if (payloadType === undefined || encoded === undefined)
    return refused('it has no dsseEnvelope and no messageSignature')
  const payload = Buffer.from(encoded, 'base64')
  const signed = preAuthentication(payloadType, payload)
  const signatures = listAt(bundle, 'dsseEnvelope', 'signatures').map((one) => textAt(one, 'sig') ?? '')
  if (!signatures.some((signature) => isSigned(signed, signature, keys)))
    return refused('none of the keys signed it')
  return verifyStatement(payload.toString(), manifest)
}

function verifyStatement(text: string, { digest }: Document): BundleVerdict {
  let statement: Json
  try {
    statement = parseJson(text)
  } catch {
    return refused('its statement is no JSON')
  }
  const type = textAt(statement, '_type') ?? ''
  if (!STATEMENT_TYPES.includes(type)) return refused(`its statement is of another type: ${type}`)
  const predicate = textAt(statement, 'predicateType') ?? ''
  if (predicate !== SIGNATURE_TYPE) return refused(`it states something else than a signature: ${predicate}`)
  const digests = listAt(statement, 'subject').map((one) => `sha256:${textAt(one, 'digest', 'sha256') ?? ''}`)
  return digests.includes(digest)
    ? { kind: 'signed' }
    : refused(`it is about ${digests.join(', ') || 'nothing'}`)
}

function isSigned(bytes: Buffer, signature: string, keys: readonly KeyObject[]): boolean {
  const given = Buffer.from(signature, 'base64')
  return keys.some((key) => {
    // Ed25519 hashes by itself; ECDSA and RSA sign a SHA-256, as cosign does.
    const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
    try {
      return verify(algorithm, bytes, key, given)
    } catch {
      return false
    }
  })
}

/** DSSE's "PAE": type and payload with their lengths in bytes. */
function preAuthentication(type: string, payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `
  return Buffer.concat([Buffer.from(head), payload])
}

function refused(reason: string): BundleVerdict {
  return { kind: 'refused', reason }
}
