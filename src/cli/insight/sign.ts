/** `pushless sign`: signs images, and writes each signature where a registry with --image-signatures looks for it. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSecretKey } from '../../insight/signing/signing-key.ts'
import type { Settings } from '../../settings/settings.ts'
import { UsageError } from '../usage-error.ts'
import { withImages } from './with-insights.ts'

/** Prints the file of each. @throws UsageError without a key, RegistryError of any kind. */
export async function sign(names: readonly string[], directory: string, settings: Settings): Promise<void> {
  const { signingKey } = settings
  if (signingKey === undefined)
    throw new UsageError('--signing-key: expected the key to sign with, as `pushless key` makes it')
  const key = readSecretKey(signingKey)
  await mkdir(directory, { recursive: true })
  await withImages(
    settings,
    async (open) => {
      for (const name of names) {
        const { insights, artifact } = await open(name)
        const bytes = await insights.document(artifact, { kind: 'bundle', predicate: 'signature' })
        const file = join(directory, `${artifact.manifest.digest.replace(':', '-')}.json`)
        await writeFile(`${file}.new`, bytes)
        await rename(`${file}.new`, file)
        process.stdout.write(`${file}\n`)
      }
    },
    key,
  )
}
