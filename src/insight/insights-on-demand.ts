/**
 * Insights that are loaded when somebody asks: they and their libraries are a tenth of a server's code, and most servers
 * are asked for pulls alone.
 */
import type { Image } from '../registry/artifact/image.ts'
import type { Artifact } from '../registry/artifact/image-index.ts'
import type { InsightDocument, Insights, InsightsDeps } from './insights.ts'
import type { Inventory } from './inventory/component.ts'
import type { ProvenanceFacts } from './provenance/provenance-facts.ts'
import type { ScanReport } from './vulnerability/report/scan-report.ts'

export class InsightsOnDemand {
  readonly #deps: InsightsDeps
  #loading: Promise<Insights> | undefined

  constructor(deps: InsightsDeps) {
    this.#deps = deps
  }

  /** Whether there is a key to sign with. */
  get signs(): boolean {
    return this.#deps.key !== undefined
  }

  /** See Insights. */
  get advisoryStamp(): string | undefined {
    return this.#deps.advisories?.()?.stamp
  }

  /** See Insights. */
  get advisoryTime(): string | undefined {
    return this.#deps.advisories?.()?.store.facts().newest
  }

  /** See Insights. */
  async inventory(image: Image): Promise<Inventory> {
    return (await this.#load()).inventory(image)
  }

  /** See Insights. */
  async provenance(artifact: Pick<Artifact, 'root'>): Promise<ProvenanceFacts> {
    return (await this.#load()).provenance(artifact)
  }

  /** See Insights. */
  async scan(image: Image): Promise<ScanReport | undefined> {
    return (await this.#load()).scan(image)
  }

  /** See Insights. */
  async document(artifact: Artifact, document: InsightDocument): Promise<Buffer> {
    return (await this.#load()).document(artifact, document)
  }

  #load(): Promise<Insights> {
    this.#loading ??= import('./insights.ts').then((loaded) => new loaded.Insights(this.#deps))
    return this.#loading
  }
}
