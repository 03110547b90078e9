/**
 * Builds the registry's image of this checkout as an OCI layout: `node scripts/registry-image/build.ts DIRECTORY`, after
 * `npm run build`. With `--with-nix` the image has Nix, for a registry that builds. It needs Nix, npm and, for packages
 * of the pinned versions, Debian's apt. docs/install.md has more.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeImage } from './make-image.ts'
import { writeLayout } from './write-layout.ts'

const { values, positionals } = parseArgs({
  options: { 'with-nix': { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [directory] = positionals
if (directory === undefined)
  throw new Error('usage: node scripts/registry-image/build.ts [--with-nix] DIRECTORY')
const [attribute, suffix] = values['with-nix']
  ? (['withNix.index', '-nix'] as const)
  : (['index', ''] as const)
const file = fileURLToPath(new URL('../../package.json', import.meta.url))
const { version } = JSON.parse(await readFile(file, 'utf8')) as { readonly version: string }
const tag = `${version}${suffix}`
const { digest, platforms } = await writeLayout(await makeImage(attribute), directory, tag)
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
console.log(`${directory}:${tag} ${digest}`)
for (const { architecture, digest: own, unpacked, compressed } of platforms)
  console.log(`${architecture} ${own} ${megabytes(unpacked)}, compressed ${megabytes(compressed)}`)
