/**
 * The referrers of images, made when they are asked for. Digests and sizes are remembered; documents are made again when
 * they are wanted, since the same facts have the same bytes.
 */
import { LRUCache } from 'lru-cache'
import { RegistryError } from '../../core/errors/errors.ts'
import { digestOf, readDigest, type Digest } from '../../core/oci/digest.ts'
import { EMPTY_INDEX, type Document } from '../../core/oci/image.ts'
import type { Reference } from '../../core/oci/reference.ts'
import type { Artifact } from '../../registry/artifact/image-index.ts'
import type { Blob, Registry } from '../../registry/registry.ts'
import { SingleFlight } from '../../registry/work/single-flight.ts'
import { DOCUMENT_TYPE } from '../document-types.ts'
import type { InsightDocument, Insights } from '../insights.ts'
import { attestationManifest, sbomManifest, type LegacyBlob } from './legacy-tags.ts'
import { EMPTY_CONFIG, FORMS, referrer, referrersIndex, type Referrer } from './referrer.ts'

/** The referrers of one image or index. */
type Listing = {
  readonly referrers: readonly Referrer[]
  readonly index: Document
  /** The manifests of tags that older tools look for. */
  readonly attestations: Document | undefined
  readonly sbom: Document | undefined
  /** The document of each blob. */
  readonly blobs: ReadonlyMap<Digest, InsightDocument>
}

/** A listing is about 12 KB. */
const MAX_LISTINGS = 500
const MAX_DIGESTS = 20_000
/** `sha256-<hex>`, the tag for registries without referrers, and the tags of cosign 2. */
const TAG = /^sha256-([0-9a-f]{64})(\.att|\.sbom)?$/

/** Whether a tag may name a referrer, and not an image. */
export function isReferrerTag(tag: string): boolean {
  return TAG.test(tag)
}

/** The part of insights that referrers need. */
type Documents = Pick<Insights, 'document' | 'advisoryStamp' | 'advisoryTime' | 'signs'>

export class Referrers {
  readonly #registry: Registry
  readonly #insights: Documents
  readonly #listings = new LRUCache<string, Listing>({ max: MAX_LISTINGS })
  readonly #making = new SingleFlight<Listing>()
  /** The image that a document is about, by the name and the digest of the document. */
  readonly #subjects = new LRUCache<string, Digest>({ max: MAX_DIGESTS })

  constructor(registry: Registry, insights: Documents) {
    this.#registry = registry
    this.#insights = insights
  }

  /**
   * Returns the index of an image's referrers. A manifest that isn't an image of this name has none.
   * @throws RegistryError of any kind; `pending` when it takes longer than the hold.
   */
  async list(reference: Reference, digest: Digest, artifactType?: string): Promise<Document> {
    if (this.#subjects.has(keyOf(reference, digest))) return EMPTY_INDEX
    const listing = await this.#listingOf(reference, digest)
    if (listing === undefined) return EMPTY_INDEX
    return artifactType === undefined ? listing.index : referrersIndex(listing.referrers, artifactType)
  }

  /** Returns what a tag such as `sha256-<hex>` names; `undefined` for other tags. @throws as `list`. */
  async tagged(reference: Reference, tag: string): Promise<Document | undefined> {
    const [, hex, suffix] = TAG.exec(tag) ?? []
    const digest = readDigest(hex === undefined ? undefined : `sha256:${hex}`)
    if (digest === undefined) return undefined
    const listing = await this.#listingOf(reference, digest)
    if (suffix === '.att') return listing?.attestations
    return suffix === '.sbom' ? listing?.sbom : listing?.index
  }

  /** Returns the manifest of a referrer. @throws as `list`. */
  async manifest(reference: Reference, digest: Digest): Promise<Document | undefined> {
    return (await this.#find(reference, digest, manifestIn))?.found
  }

  /** Returns the blob of a referrer. @throws as `list`. */
  async blob(reference: Reference, digest: Digest): Promise<Blob | undefined> {
    if (digest === EMPTY_CONFIG.digest) return blobOf(EMPTY_CONFIG.bytes, digest, EMPTY_CONFIG.mediaType)
    const found = await this.#find(reference, digest, ({ blobs }) => blobs.get(digest))
    if (found === undefined) return undefined
    const bytes = await this.#insights.document(found.artifact, found.found)
    if (digestOf(bytes) === digest) return blobOf(bytes, digest, 'application/octet-stream')
    this.#listings.delete(`${listingKey(found.artifact)} ${this.#insights.advisoryStamp ?? ''}`)
    throw new RegistryError(
      'blob-unknown',
      'this document was listed before, and more is known of the image now: list its referrers again',
      { detail: { digest } },
    )
  }

  /** Whether this digest was listed a while ago, so that it needn't be looked for among those of images. */
  isKnown(reference: Reference, digest: Digest): boolean {
    return digest === EMPTY_CONFIG.digest || this.#subjects.has(keyOf(reference, digest))
  }

  async #listingOf(reference: Reference, digest: Digest): Promise<Listing | undefined> {
    const artifact = await this.#registry.artifactByDigest(reference, digest)
    return artifact === undefined ? undefined : this.#listing(reference, artifact)
  }

  /** Looks into the listing that has the digest; into all of the name's images if no listing is known to have it. */
  async #find<T>(
    reference: Reference,
    digest: Digest,
    look: (listing: Listing, digest: Digest) => T | undefined,
  ): Promise<{ readonly artifact: Artifact; readonly found: T } | undefined> {
    const lookInto = async (artifact: Artifact) => {
      const found = look(await this.#listing(reference, artifact), digest)
      return found === undefined ? undefined : { artifact, found }
    }
    const subject = this.#subjects.get(keyOf(reference, digest))
    const artifact =
      subject === undefined ? undefined : await this.#registry.artifactByDigest(reference, subject)
    return (
      (artifact === undefined ? undefined : await lookInto(artifact)) ??
      (await this.#registry.search(reference, async (candidate) => {
        const own = await lookInto(candidate)
        if (own !== undefined || candidate.kind !== 'index') return own
        for (const image of candidate.images) {
          const found = await lookInto(await image.make())
          if (found !== undefined) return found
        }
        return undefined
      }))
    )
  }

  /** Remembered, or made. It goes on when the client is sent away to wait. */
  async #listing(reference: Reference, artifact: Artifact): Promise<Listing> {
    const key = `${listingKey(artifact)} ${this.#insights.advisoryStamp ?? ''}`
    const known = this.#listings.get(key)
    const listing =
      known ??
      (await this.#registry.held(
        this.#making.run(key, () => this.#make(artifact)),
        reference,
      ))
    if (known === undefined) this.#listings.set(key, listing)
    const [first] = listing.referrers
    // All of a listing are noted together.
    if (first === undefined || this.#subjects.has(keyOf(reference, first.manifest.digest))) return listing
    for (const { manifest } of listing.referrers) this.#note(reference, manifest.digest, artifact)
    for (const digest of listing.blobs.keys()) this.#note(reference, digest, artifact)
    return listing
  }

  #note(reference: Reference, digest: Digest, { manifest }: Artifact): void {
    this.#subjects.set(keyOf(reference, digest), manifest.digest)
  }

  async #make(artifact: Artifact): Promise<Listing> {
    const referrers: Referrer[] = []
    const envelopes: LegacyBlob[] = []
    const blobs = new Map<Digest, InsightDocument>()
    for (const form of FORMS) {
      const { document } = form
      if (!this.#has(artifact, document)) continue
      const bytes = await this.#insights.document(artifact, document)
      const created = document.kind === 'findings' ? this.#insights.advisoryTime : undefined
      const made = referrer(form, bytes, artifact.manifest, created)
      referrers.push(made)
      blobs.set(made.blob.digest, document)
      const inner = envelopeIn(document)
      if (inner === undefined) continue
      const own = await this.#insights.document(artifact, inner)
      const digest = digestOf(own)
      envelopes.push({ digest, size: own.length, predicate: inner.predicate })
      blobs.set(digest, inner)
    }
    const sbom = referrers.find(({ artifactType }) => artifactType === DOCUMENT_TYPE.cyclonedx)
    return {
      referrers,
      blobs,
      index: referrersIndex(referrers),
      attestations: envelopes.length === 0 ? undefined : attestationManifest(envelopes),
      sbom: sbom === undefined ? undefined : sbomManifest(sbom),
    }
  }

  /** Whether there is such a document of an image or index. */
  #has({ kind }: Artifact, document: InsightDocument): boolean {
    if (kind === 'index' && aboutContents(document)) return false
    if (document.kind === 'findings') return this.#insights.advisoryStamp !== undefined
    return document.kind === 'plain' || this.#insights.signs
  }
}

/** The attestation of a bundle, as cosign 2 has it. Its signatures of images have another form. */
function envelopeIn(
  document: InsightDocument,
): Extract<InsightDocument, { kind: 'bundle' | 'envelope' }> | undefined {
  return document.kind === 'bundle' && document.predicate !== 'signature'
    ? { kind: 'envelope', predicate: document.predicate }
    : undefined
}

/** An index has no contents of its own. */
function aboutContents({ kind, predicate }: InsightDocument): boolean {
  return kind === 'findings' || predicate === 'cyclonedx' || predicate === 'spdx'
}

function manifestIn({ referrers, attestations, sbom, index }: Listing, digest: Digest): Document | undefined {
  const documents = [...referrers.map(({ manifest }) => manifest), index, attestations, sbom]
  return documents.find((document) => document?.digest === digest)
}

function blobOf(bytes: Uint8Array, digest: Digest, mediaType: string): Blob {
  return {
    digest,
    size: bytes.length,
    mediaType,
    read: async function* ({ start, end }) {
      yield bytes.subarray(start, end)
    },
  }
}

function keyOf({ storeHash }: Reference, digest: Digest): string {
  return `${storeHash} ${digest}`
}

function listingKey({ root, manifest }: Artifact): string {
  return `${root} ${manifest.digest}`
}
