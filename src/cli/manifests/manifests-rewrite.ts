/** `pushless manifests rewrite`: rewrites manifests of other generators to images of this registry. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rewriteManifests, type RewriteOptions } from '../../kubernetes/rewrite/rewrite.ts'
import { parseImageMap } from '../../kubernetes/rewrite/rewrite-map.ts'
import { kubernetesVersions, readSchema } from '../../kubernetes/check/schema.ts'
import { explain, readObjectFiles, readTextFile } from './object-files.ts'
import { UsageError } from '../usage-error.ts'

export type RewriteFlags = {
  readonly images: string
  readonly allow: readonly string[]
  readonly host: readonly string[]
  readonly kubernetesVersion?: string
  readonly namespace?: string
  readonly output?: string
}

/** A label of RFC 1123, as namespaces are called. */
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** @param schemas manifests/schema. */
export async function rewriteFiles(
  what: readonly string[],
  schemas: string,
  flags: RewriteFlags,
): Promise<void> {
  const { output } = flags
  const namespace = await namespaceOf(flags, schemas)
  const images = parseImageMap(await readTextFile(flags.images), flags.images)
  const texts = (await Promise.all(what.map(readObjectFiles))).flat()
  const { objects, others, warnings } = rewriteManifests(texts, {
    images,
    allow: flags.allow,
    hosts: flags.host,
    kubernetesVersion: flags.kubernetesVersion,
    namespace,
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

async function namespaceOf(
  { namespace: name }: RewriteFlags,
  schemas: string,
): Promise<RewriteOptions['namespace']> {
  if (name === undefined) return undefined
  if (!NAMESPACE.test(name)) {
    throw new UsageError(
      `--namespace ${name}: expected at most 63 of a-z 0-9 -, beginning and ending with a letter or digit`,
    )
  }
  const newest = (await kubernetesVersions(schemas)).at(-1) ?? ''
  return { name, schema: await readSchema(schemas, newest) }
}
