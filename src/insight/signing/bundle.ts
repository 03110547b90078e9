/**
 * Signed statements: an envelope of DSSE in a bundle of sigstore. Sources: DSSE protocol.md (what is signed);
 * sigstore/protobuf-specs, `sigstore_bundle.proto`, version 0.3.
 */
import type { Json } from '../../core/json.ts'
import { DOCUMENT_TYPE } from '../document-types.ts'
import type { SecretKey } from './signing-key.ts'

export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
export const ENVELOPE_TYPE = 'application/vnd.dsse.envelope.v1+json'

/** @param payload a statement, as bytes. */
export function envelope(payload: Buffer, key: SecretKey): Json {
  return {
    payload: payload.toString('base64'),
    payloadType: DOCUMENT_TYPE.provenance,
    // Without a name for the key: verifiers are given it.
    signatures: [{ keyid: '', sig: key.sign(preAuthentication(payload)).toString('base64') }],
  }
}

export function bundle(payload: Buffer, key: SecretKey): Json {
  return {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: { publicKey: { hint: '' }, tlogEntries: [] },
    dsseEnvelope: envelope(payload, key),
  }
}

/** DSSE's "PAE": type and payload with their lengths in bytes. */
function preAuthentication(payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(DOCUMENT_TYPE.provenance)} ${DOCUMENT_TYPE.provenance} ${payload.length} `
  return Buffer.concat([Buffer.from(head), payload])
}
