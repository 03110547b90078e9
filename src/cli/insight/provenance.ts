/** `pushless provenance`: who made an image and from what, as a statement of in-toto, signed if there is a key. */
import type { Settings } from '../../settings/settings.ts'
import { readSecretKey } from '../../insight/signing/signing-key.ts'
import { withInsights } from './with-insights.ts'
import { writeDocument } from './write-document.ts'

/** @throws RegistryError of any kind. */
export async function provenance(name: string, settings: Settings): Promise<void> {
  const { signingKey } = settings
  const key = signingKey === undefined ? undefined : readSecretKey(signingKey)
  const kind = key === undefined ? 'plain' : 'bundle'
  const bytes = await withInsights(
    name,
    settings,
    ({ insights, artifact }) => insights.document(artifact, { kind, predicate: 'provenance' }),
    key,
  )
  writeDocument(bytes)
}
