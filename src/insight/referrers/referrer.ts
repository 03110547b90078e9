/**
 * Referrers of an image: artifacts of one blob whose manifest names the image as its subject. Source: OCI image-spec,
 * manifest.md ("Guidelines for Artifact Usage"); distribution-spec, "Listing Referrers".
 */
import type { Json } from '../../core/json.ts'
import { digestOf, type Digest } from '../../core/oci/digest.ts'
import { MEDIA_TYPE, jsonDocument, type Document } from '../../core/oci/image.ts'
import type { InsightDocument } from '../insights.ts'
import { CREATED } from '../sbom/document-facts.ts'
import { BUNDLE_TYPE } from '../signing/bundle.ts'
import { DOCUMENT_TYPE } from '../document-types.ts'
import { PREDICATE_TYPE } from '../provenance/statement.ts'

/** The form that a document has as an artifact. */
type Form = {
  readonly document: InsightDocument
  /** The type of the artifact and of its blob: trivy wants the two to be the same. */
  readonly type: string
  /** The name that `oras pull` gives the file. */
  readonly title: string
}

/** In the order of the listing: trivy takes the first that it can read. */
export const FORMS: readonly Form[] = [
  {
    document: { kind: 'plain', predicate: 'cyclonedx' },
    type: DOCUMENT_TYPE.cyclonedx,
    title: 'sbom.cdx.json',
  },
  { document: { kind: 'plain', predicate: 'spdx' }, type: DOCUMENT_TYPE.spdx, title: 'sbom.spdx.json' },
  {
    document: { kind: 'plain', predicate: 'provenance' },
    type: DOCUMENT_TYPE.provenance,
    title: 'provenance.intoto.json',
  },
  ...(['signature', 'provenance', 'cyclonedx', 'spdx'] as const).map((predicate) => ({
    document: { kind: 'bundle', predicate } as const,
    type: BUNDLE_TYPE,
    title: `${predicate}.sigstore.json`,
  })),
  {
    document: { kind: 'findings', predicate: 'sarif' },
    type: DOCUMENT_TYPE.sarif,
    title: 'vulnerabilities.sarif.json',
  },
  {
    document: { kind: 'findings', predicate: 'openvex' },
    type: DOCUMENT_TYPE.openvex,
    title: 'vulnerabilities.openvex.json',
  },
]

export type Referrer = {
  readonly artifactType: string
  readonly manifest: Document
  readonly blob: { readonly digest: Digest; readonly size: number }
  readonly annotations: { readonly [name: string]: string }
}

/** OCI image-spec, "Guidance for an empty descriptor". */
const EMPTY_BYTES = Buffer.from('{}')
export const EMPTY_CONFIG: Document = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  bytes: EMPTY_BYTES,
  digest: digestOf(EMPTY_BYTES),
}

/** @param bytes of the document. @param subject the manifest of the image. @param created in RFC 3339. */
export function referrer(
  { document, type, title }: Form,
  bytes: Uint8Array,
  subject: Document,
  created: string = CREATED,
): Referrer {
  const annotations = {
    'org.opencontainers.image.created': created,
    // Names of cosign, for what it can verify.
    ...(document.kind === 'bundle'
      ? {
          'dev.sigstore.bundle.content': 'dsse-envelope',
          'dev.sigstore.bundle.predicateType': PREDICATE_TYPE[document.predicate],
        }
      : {}),
  }
  const blob = { digest: digestOf(bytes), size: bytes.length }
  const manifest = jsonDocument(MEDIA_TYPE.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    artifactType: type,
    config: descriptor(EMPTY_CONFIG),
    layers: [{ mediaType: type, ...blob, annotations: { 'org.opencontainers.image.title': title } }],
    subject: descriptor(subject),
    annotations,
  })
  return { artifactType: type, manifest, blob, annotations }
}

/** The index that lists referrers; of one type, if one is given. */
export function referrersIndex(referrers: readonly Referrer[], artifactType?: string): Document {
  return jsonDocument(MEDIA_TYPE.index, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: referrers
      .filter((one) => artifactType === undefined || one.artifactType === artifactType)
      .map(({ manifest, artifactType: type, annotations }) => ({
        ...descriptor(manifest),
        artifactType: type,
        annotations,
      })),
  })
}

export function descriptor({ mediaType, digest, bytes }: Document): { readonly [key: string]: Json } {
  return { mediaType, digest, size: bytes.length }
}
