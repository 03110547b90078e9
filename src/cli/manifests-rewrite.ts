/** `pushless manifests rewrite`: manifests of other generators, with images of ours. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
<<<<<<< HEAD
import { rewriteManifests } from '../manifests/rewrite.ts'
import { parseImageMap } from '../manifests/rewrite-map.ts'
import { explain, readManifestFiles, readTextFile } from './manifest-files.ts'
=======
import { text as readText } from 'node:stream/consumers'
import type { Command } from 'commander'
>>>>>>> outputs
import { UsageError } from './usage-error.ts'

export type RewriteFlags = {
  readonly images: string
  readonly allow: readonly string[]
  readonly host: readonly string[]
  readonly kubernetesVersion?: string
  readonly output?: string
}

<<<<<<< HEAD
export async function rewriteFiles(what: readonly string[], flags: RewriteFlags): Promise<void> {
=======
/** As `kubectl apply -f DIRECTORY` has it, which leaves out what is in directories below, too. */
const MANIFEST_FILE = /\.(?:json|yaml|yml)$/

export function addRewrite(manifests: Command): void {
  manifests
    .command('rewrite')
    .description('replace names of images by references of this registry, and write a file for each object')
    .argument('<what...>', 'manifests: files, directories, or - for standard input')
    .requiredOption('--images <file>', 'JSON: { "ghcr.io/x/y:1": "nix.internal/nix/store/…:nix" }')
    .option(
      '--allow <pattern>',
      'images that may stay what they are, such as docker.io/library/*',
      collect,
      [],
    )
    .option('--host <host>', 'what the registry is called in manifests, beside nix.internal', collect, [])
    .option('--kubernetes-version <version>', 'noted in objects.jsonl')
    .option('-o, --output <directory>', 'new or empty; standard output where none is named')
    .action(async (what: readonly string[], flags: Flags) => rewrite(what, flags))
    .exitOverride()
}

/** An option that may be given again. What takes several words at once would take the files behind it, too. */
function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value]
}

async function rewrite(what: readonly string[], flags: Flags): Promise<void> {
  // Loaded for this alone: the server has no use for them.
  const { rewriteManifests } = await import('../manifests/rewrite.ts')
  const { parseImageMap } = await import('../manifests/rewrite-map.ts')
>>>>>>> outputs
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
  await mkdir(output, { recursive: true }).catch(explain)
  if ((await readdir(output)).length > 0) throw new UsageError(`--output: ${output} isn’t empty`)
  for (const { name, text } of [...objects, ...others]) await writeFile(join(output, name), text)
}
