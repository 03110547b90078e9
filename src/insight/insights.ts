/**
 * Tells what is in an image, and where it came from. Everything is made when it is asked for, from the store alone, and
 * kept in memory within a bound.
 */
import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import type { Json } from '../core/json.ts'
import { imageNameOf } from '../core/oci/reference.ts'
import { storeHashOf, storeNameOf } from '../core/nix/store-path.ts'
import { RegistryError } from '../core/errors/errors.ts'
import type { Image } from '../registry/artifact/image.ts'
import type { Artifact } from '../registry/artifact/image-index.ts'
import type { Registry } from '../registry/registry.ts'
import { SingleFlight } from '../registry/work/single-flight.ts'
import type { WorkJournal } from '../registry/work/work-journal.ts'
import type { Store } from '../store/store.ts'
import { documentBytes } from './document-bytes.ts'
import type { Inventory } from './inventory/component.ts'
import { inventoryOf, type InventoryDeps } from './inventory/inventory.ts'
import { LayerReader } from './inventory/layer-contents.ts'
import { provenance } from './provenance/provenance.ts'
import { provenanceFacts, type ProvenanceDeps, type ProvenanceFacts } from './provenance/provenance-facts.ts'
import { PREDICATE_TYPE, statement } from './provenance/statement.ts'
import { cyclonedx } from './sbom/cyclonedx.ts'
import { spdx } from './sbom/spdx.ts'
import { bundle, envelope } from './signing/bundle.ts'
import type { SecretKey } from './signing/signing-key.ts'
import type { CurrentAdvisories } from './vulnerability/advisory-source.ts'
import { scanInventory } from './vulnerability/finding/scan-inventory.ts'
import { openvex } from './vulnerability/report/openvex.ts'
import { sarif } from './vulnerability/report/sarif.ts'
import { reportOf, type ScanReport } from './vulnerability/report/scan-report.ts'

export type InsightsDeps = {
  readonly registry: Registry
  readonly store: Store
  readonly journal: Pick<WorkJournal, 'get' | 'log'>
  /** Signs statements. Without one there are unsigned ones only. */
  readonly key: SecretKey | undefined
  /** See inventory.ts. */
  readonly supplier: string | undefined
  /** Returns the advisories of the moment. Without it, nobody looks for vulnerabilities. */
  readonly advisories?: (() => CurrentAdvisories | undefined) | undefined
  /** The version of this program, for reports. */
  readonly version?: string
}

/** The subjects of statements about an image. */
export type Predicate = keyof typeof PREDICATE_TYPE

/** A document about an image. */
export type InsightDocument =
  /** The document by itself. Provenance is a statement. */
  | { readonly kind: 'plain'; readonly predicate: Exclude<Predicate, 'signature'> }
  /** Vulnerabilities, by the advisories of the moment. */
  | { readonly kind: 'findings'; readonly predicate: 'sarif' | 'openvex' }
  /** A signed statement: a sigstore bundle, or the envelope alone, as cosign 2 has it. */
  | { readonly kind: 'bundle' | 'envelope'; readonly predicate: Predicate }

/** Components that are kept in memory, of all inventories together. One is about 2 KB. */
const MAX_COMPONENTS = 2_000
/** Sources of builds that are kept in memory. One is about 300 bytes. */
const MAX_SOURCES = 5_000
/** The size of the rest of a path's provenance, counted in sources. */
const FACTS_SIZE = 10
/** Inventories made at once. Each asks Nix hundreds of questions, and pulls ask it, too. */
const MADE_AT_ONCE = 2
/** The name of the tool in SARIF. */
const DRIVER = 'pushless'
/** Reports that are kept in memory. One finding is about 1 KB. */
const MAX_REPORTS = 50
/** Bytes of documents that are kept in memory. */
const MAX_BYTES = 4 * 1024 * 1024

export class Insights {
  readonly #deps: InventoryDeps & ProvenanceDeps
  readonly #registry: Registry
  readonly #key: SecretKey | undefined
  readonly #advisories: () => CurrentAdvisories | undefined
  readonly #version: string
  readonly #reports = new LRUCache<string, ScanReport>({ max: MAX_REPORTS })
  readonly #inventories: LRUCache<string, Inventory>
  readonly #origins = new LRUCache<string, ProvenanceFacts>({
    maxSize: MAX_SOURCES,
    sizeCalculation: ({ derivation }) =>
      Math.min((derivation?.materials.sources.length ?? 0) + FACTS_SIZE, MAX_SOURCES),
  })
  readonly #making = new SingleFlight<Inventory>()
  readonly #limit = pLimit(MADE_AT_ONCE)
  readonly #documents = new LRUCache<string, Buffer>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ length }) => length,
  })

  constructor(deps: InsightsDeps) {
    const { registry, store, journal, key, supplier, advisories = () => undefined, version = '' } = deps
    this.#advisories = advisories
    this.#version = version
    this.#registry = registry
    this.#key = key
    const layers = new LayerReader(async function* (image, { digest }) {
      const { root } = image
      const blob = await registry.blob({ storeHash: storeHashOf(root), slug: storeNameOf(root) }, digest)
      yield* blob.read({ start: 0, end: blob.size })
    })
    this.#deps = { store, layers, journal, supplier }
    this.#inventories = new LRUCache({
      maxSize: MAX_COMPONENTS,
      sizeCalculation: ({ components }) => Math.min(components.length + 1, MAX_COMPONENTS),
    })
  }

  /** Whether there is a key to sign with. */
  get signs(): boolean {
    return this.#key !== undefined
  }

  /**
   * Returns the components of an image.
   * @throws RegistryError `unavailable` when a path vanished, `unservable` for broken metadata, and those of reading
   * layers that were made elsewhere.
   */
  async inventory(image: Image): Promise<Inventory> {
    const known = this.#inventories.get(keyOf(image))
    if (known !== undefined) return known
    return this.#making.run(keyOf(image), async () => {
      const release = this.#registry.pin(image)
      const found = await this.#limit(() => inventoryOf(this.#deps, image)).finally(release)
      this.#inventories.set(keyOf(image), found)
      return found
    })
  }

  /** Returns where an image or index came from. @throws RegistryError `unavailable`. */
  async provenance({ root }: Pick<Artifact, 'root'>): Promise<ProvenanceFacts> {
    const known = this.#origins.get(root)
    if (known !== undefined) return known
    const found = await this.#limit(() => provenanceFacts(this.#deps, root))
    this.#origins.set(root, found)
    return found
  }

  /** The stamp of the advisories that images are compared with; `undefined` where there are none. */
  get advisoryStamp(): string | undefined {
    return this.#advisories()?.stamp
  }

  /** Returns the time of the latest advisory. */
  get advisoryTime(): string | undefined {
    return this.#advisories()?.store.facts().newest
  }

  /** Returns the vulnerabilities of an image; `undefined` where there are no advisories. @throws as `inventory`. */
  async scan(image: Image): Promise<ScanReport | undefined> {
    const inventory = await this.inventory(image)
    const advisories = this.#advisories()
    if (advisories === undefined) return undefined
    const { store, stamp } = advisories
    const key = `${keyOf(image)} ${stamp}`
    const known = this.#reports.get(key)
    if (known !== undefined) return known
    const findings = scanInventory(inventory, store, store.statements())
    const name = imageNameOf(image.root)
    const report = reportOf(name, inventory.image, inventory.components.length, findings, false)
    this.#reports.set(key, report)
    return report
  }

  /**
   * Returns the bytes of a document about an image or index. The same facts have the same bytes.
   * @throws RegistryError `unsupported` for an SBOM of an index, and for a signature without a key; those of `inventory`.
   */
  async document(artifact: Artifact, document: InsightDocument): Promise<Buffer> {
    const stamp = document.kind === 'findings' ? (this.advisoryStamp ?? '') : ''
    const key = `${keyOf(artifact)} ${document.kind} ${document.predicate} ${stamp}`
    const known = this.#documents.get(key)
    if (known !== undefined) return known
    const bytes = documentBytes(await this.#write(artifact, document))
    // A larger one would push out all others.
    if (bytes.length < MAX_BYTES / 4) this.#documents.set(key, bytes)
    return bytes
  }

  async #write(artifact: Artifact, document: InsightDocument): Promise<Json> {
    if (document.kind === 'findings') return this.#findings(artifact, document.predicate)
    const { kind, predicate } = document
    const content = await this.#predicate(artifact, predicate)
    if (kind === 'plain' && predicate !== 'provenance') return content
    const subject = { root: artifact.root, digest: artifact.manifest.digest }
    const claim = statement(subject, PREDICATE_TYPE[predicate], content)
    if (kind === 'plain') return claim
    if (this.#key === undefined)
      throw new RegistryError('unsupported', 'no signing key: there are unsigned statements only')
    const payload = Buffer.from(JSON.stringify(claim))
    return kind === 'bundle' ? bundle(payload, this.#key) : envelope(payload, this.#key)
  }

  async #findings(artifact: Artifact, form: 'sarif' | 'openvex'): Promise<Json> {
    const report = artifact.kind === 'image' ? await this.scan(artifact) : undefined
    if (report === undefined) throw new RegistryError('unsupported', 'there are no advisories for this')
    return form === 'sarif' ? sarif([report], DRIVER, this.#version) : openvex([report], this.advisoryTime)
  }

  async #predicate(artifact: Artifact, predicate: Predicate): Promise<Json> {
    switch (predicate) {
      case 'signature':
        return {}
      case 'provenance':
        return provenance(await this.provenance(artifact))
      case 'cyclonedx':
      case 'spdx': {
        if (artifact.kind === 'index')
          throw new RegistryError('unsupported', 'an index has no SBOM: each of its images has one')
        return (predicate === 'spdx' ? spdx : cyclonedx)(await this.inventory(artifact))
      }
    }
  }
}

/** Images of one digest may have other metadata. */
function keyOf({ root, manifest }: Artifact): string {
  return `${root} ${manifest.digest}`
}
