/**
 * Writes manifests/operator/rendered/, the operator in a cluster as YAML, for those who apply it without Nix:
 * `node scripts/render-operator.ts`. What is in it is decided in manifests/operator/; a test compares them.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { renderObjects } from './rendered-objects.ts'

const DIRECTORY = fileURLToPath(new URL('../manifests/operator/rendered/', import.meta.url))

const HEAD = `# The operator in a cluster, with the kinds DeliveryProfile and DeliverySet. Made from manifests/operator/ by
# \`node scripts/render-operator.ts\`: change it there, or with kustomize.
#
# The image's name is a placeholder that can't be pulled: import the registry's image under it, or put yours here.
`

/** Each file's name and text. @throws when Nix can't evaluate them. */
export async function renderOperator(): Promise<ReadonlyMap<string, string>> {
  return renderObjects('operator', HEAD)
}

if (import.meta.main) {
  await mkdir(DIRECTORY, { recursive: true })
  for (const [name, text] of await renderOperator()) await writeFile(`${DIRECTORY}${name}`, text)
}
