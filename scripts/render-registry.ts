/**
 * Writes manifests/registry/rendered/, the registry in a cluster as YAML, for those who apply it without Nix:
 * `node scripts/render-registry.ts`. What is in it is decided in manifests/registry/; a test compares them.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { renderObjects } from './rendered-objects.ts'

const DIRECTORY = fileURLToPath(new URL('../manifests/registry/rendered/', import.meta.url))

const HEAD = `# The registry in a cluster, as docs/cluster.md describes it. Made from manifests/registry/ by
# \`node scripts/render-registry.ts\`: change it there, or with kustomize.
#
# The image's name is a placeholder that can't be pulled: import the registry's image under it, or put yours here.
`

/** Each file's name and text. @throws when Nix can't evaluate them. */
export async function renderRegistry(): Promise<ReadonlyMap<string, string>> {
  return renderObjects('registry', HEAD)
}

if (import.meta.main) {
  await mkdir(DIRECTORY, { recursive: true })
  for (const [name, text] of await renderRegistry()) await writeFile(`${DIRECTORY}${name}`, text)
}
