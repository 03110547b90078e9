/**
 * Manifests of the tags `sha256-<hex>.att` and `sha256-<hex>.sbom`, which tools look for that don't know referrers:
 * cosign 2, GUAC. Source: sigstore/cosign, specs/SIGNATURE_SPEC.md and SBOM_SPEC.md.
 */
import type { Digest } from '../../core/oci/digest.ts'
import { MEDIA_TYPE, jsonDocument, type Document } from '../../core/oci/image.ts'
import type { Json } from '../../core/json.ts'
import { PREDICATE_TYPE } from '../provenance/statement.ts'
import { ENVELOPE_TYPE } from '../signing/bundle.ts'
import { EMPTY_CONFIG, descriptor, type Referrer } from './referrer.ts'

/** A signed envelope. */
export type LegacyBlob = {
  readonly digest: Digest
  readonly size: number
  readonly predicate: keyof typeof PREDICATE_TYPE
}

export function attestationManifest(envelopes: readonly LegacyBlob[]): Document {
  return manifestOf(
    envelopes.map(({ digest, size, predicate }) => ({
      mediaType: ENVELOPE_TYPE,
      digest,
      size,
      annotations: { 'dev.cosignproject.cosign/signature': '', predicateType: PREDICATE_TYPE[predicate] },
    })),
  )
}

export function sbomManifest({ artifactType, blob }: Referrer): Document {
  return manifestOf([{ mediaType: artifactType, digest: blob.digest, size: blob.size }])
}

function manifestOf(layers: readonly Json[]): Document {
  return jsonDocument(MEDIA_TYPE.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: descriptor(EMPTY_CONFIG),
    layers,
  })
}
