/** Evaluates a Nix file that gives names of files and their objects, and writes the objects as YAML. */
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { writeYaml } from '../src/kubernetes/write-yaml.ts'

const MANIFESTS = fileURLToPath(new URL('../manifests/', import.meta.url))
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

/**
 * @param directory below manifests/ that has `rendered.nix`. @param head the comment at the top of each file.
 * @returns each file's name and text. @throws when Nix can't evaluate them.
 */
export async function renderObjects(directory: string, head: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await execa(
    'nix-instantiate',
    ['--eval', '--strict', '--json', `${MANIFESTS}${directory}/rendered.nix`],
    { timeout: EVALUATION_LIMIT_MS, env: { NIX_PATH: '' }, stdin: 'ignore' },
  )
  const files = Value.Parse(FILES, JSON.parse(stdout))
  return new Map(
    Object.entries(files).map(([name, objects]) => [
      name,
      head + objects.map((object) => `---\n${writeYaml({ ...ordered(object) })}`).join(''),
    ]),
  )
}

/** As people write objects: what it is and its name first. The rest has Nix's order, by name. */
function ordered(object: { apiVersion: string; kind: string; metadata: unknown }): object {
  const { apiVersion, kind, metadata, ...rest } = object
  return { apiVersion, kind, metadata, ...rest }
}
