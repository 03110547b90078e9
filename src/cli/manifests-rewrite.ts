/** `pushless manifests rewrite`: manifests of other generators, with images of ours. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rewriteManifests } from '../manifests/rewrite.ts'
import { parseImageMap } from '../manifests/rewrite-map.ts'
import { explain, readManifestFiles, readTextFile } from './manifest-files.ts'
import { UsageError } from './usage-error.ts'

export type RewriteFlags = {
  readonly images: string
  readonly allow: readonly string[]
  readonly host: readonly string[]
  readonly kubernetesVersion?: string
  readonly output?: string
}

export async function rewriteFiles(what: readonly string[], flags: RewriteFlags): Promise<void> {
  const { output } = flags
  const images = parseImageMap(await readTextFile(flags.images), flags.images)
  const texts = (await Promise.all(what.map(readManifestFiles))).flat()
  const { objects, others, warnings } = rewriteManifests(texts, {
    images,
    allow: flags.allow,
    hosts: flags.host,
    kubernetesVersion: flags.kubernetesVersion,
  })
  for (const warning of warnings) process.stderr.write(`pushless: warning: ${warning}\n`)
  if (output === undefined) {
    process.stdout.write(objects.map(({ text }) => `---\n${text}`).join(''))
    return
  }
  await mkdir(output, { recursive: true }).catch(explain(output))
  if ((await readdir(output)).length > 0) throw new UsageError(`--output: ${output} isn’t empty`)
  for (const { name, text } of [...objects, ...others]) {
    const file = join(output, name)
    await writeFile(file, text).catch(explain(file))
  }
}
