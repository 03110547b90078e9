/**
 * Builds the registry's image of this checkout as an OCI layout: `node scripts/registry-image/build.ts DIRECTORY`, after
 * `npm run build`. Needs Nix, npm and, for packages of the pinned versions, Debian's apt. docs/install.md has more.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { makeImage } from './make-image.ts'
import { writeLayout } from './write-layout.ts'

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('usage: node scripts/registry-image/build.ts DIRECTORY')
const file = fileURLToPath(new URL('../../package.json', import.meta.url))
const { version } = JSON.parse(await readFile(file, 'utf8')) as { readonly version: string }
const { digest, platforms } = await writeLayout(await makeImage('index'), directory, version)
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
console.log(`${directory}:${version} ${digest}`)
for (const { architecture, digest: own, unpacked, compressed } of platforms)
  console.log(`${architecture} ${own} ${megabytes(unpacked)}, compressed ${megabytes(compressed)}`)
