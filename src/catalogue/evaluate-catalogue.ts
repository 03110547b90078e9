/** Has Nix evaluate a catalogue, or an entry of it. What Nix is given is JSON in files. */
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Json } from '../core/json.ts'
import type { NixSource } from './catalogue.ts'
import type { Evaluator } from './evaluator.ts'

/** The Nix file that evaluates catalogues, below the library. */
const COMMAND = 'manifests/catalogue/command.nix'

export type CatalogueEvaluation = {
  readonly source: NixSource
  /** The entry and its values; undefined: all entries are described. */
  readonly request: Json | undefined
  /** Words for messages that say what is evaluated. */
  readonly subject: string
  readonly signal: AbortSignal | undefined
}

/** @returns JSON. @throws CatalogueError `evaluation-failed` or `limit-exceeded`; NixMissing. */
export async function evaluateCatalogue(
  { source, request, subject, signal }: CatalogueEvaluation,
  evaluator: Evaluator,
): Promise<string> {
  // Nix in restricted mode follows no symbolic link that leaves a directory.
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'pushless-catalogue-')))
  try {
    const write = async (name: string, value: object | Json): Promise<string> => {
      const file = join(directory, name)
      await writeFile(file, JSON.stringify(value))
      return file
    }
    const asked = request === undefined ? {} : { request: await write('request.json', request) }
    const [given, readable] =
      source.kind === 'file'
        ? [{ catalogue: source.file }, [dirname(source.file)]]
        : [
            { flake: await write('flake.json', source.graph) },
            Object.values(source.graph.nodes).map(({ path }) => path),
          ]
    return await evaluator.evaluate({
      file: COMMAND,
      args: { ...given, ...asked, ...evaluator.settings },
      readable: [directory, ...readable],
      subject,
      signal,
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
