/** `pushless sbom`: the software bill of materials of an image, made here and now, without a server. */
import type { Settings } from '../../settings/settings.ts'
import type { SbomFormat } from './sbom-formats.ts'
import { withInsights } from './with-insights.ts'
import { writeDocument } from './write-document.ts'

/** @throws RegistryError of any kind. */
export async function sbom(name: string, settings: Settings, format: SbomFormat): Promise<void> {
  const bytes = await withInsights(name, settings, async ({ insights, image }) =>
    insights.document(await image(), { kind: 'plain', predicate: format }),
  )
  writeDocument(bytes)
}
