/**
 * Writes manifests/registry/rendered/, the registry in a cluster as YAML, for those who apply it without Nix:
 * `node scripts/render-registry.ts`. What is in it is decided in manifests/registry/; a test compares them.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { writeYaml } from '../src/kubernetes/write-yaml.ts'

const DIRECTORY = fileURLToPath(new URL('../manifests/registry/', import.meta.url))
const EVALUATION_LIMIT_MS = 60_000

const FILES = Type.Record(
  Type.String(),
  Type.Array(
    Type.Object({
      apiVersion: Type.String(),
      kind: Type.String(),
      metadata: Type.Object({ name: Type.String() }),
    }),
  ),
)

const HEAD = `# The registry in a cluster, as docs/cluster.md describes it. Made from manifests/registry/ by
# \`node scripts/render-registry.ts\`: change it there, or with kustomize.
#
# The image's name is a placeholder that can't be pulled: import the registry's image under it, or put yours here.
`

/** Each file's name and text. @throws when Nix can't evaluate them. */
export async function renderRegistry(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await execa(
    'nix-instantiate',
    ['--eval', '--strict', '--json', `${DIRECTORY}rendered.nix`],
    { timeout: EVALUATION_LIMIT_MS, env: { NIX_PATH: '' }, stdin: 'ignore' },
  )
  const files = Value.Parse(FILES, JSON.parse(stdout))
  return new Map(
    Object.entries(files).map(([name, objects]) => [
      name,
      HEAD + objects.map((object) => `---\n${writeYaml({ ...ordered(object) })}`).join(''),
    ]),
  )
}

/** As people write objects: what it is and its name first. The rest has Nix's order, by name. */
function ordered(object: { apiVersion: string; kind: string; metadata: unknown }): object {
  const { apiVersion, kind, metadata, ...rest } = object
  return { apiVersion, kind, metadata, ...rest }
}

if (import.meta.main) {
  await mkdir(`${DIRECTORY}rendered`, { recursive: true })
  for (const [name, text] of await renderRegistry()) await writeFile(`${DIRECTORY}rendered/${name}`, text)
}
