/** Flags of the commands of `pushless catalogue`, and the catalogue that they name. */
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { CatalogueError } from '../../catalogue/catalogue-error.ts'
import { makeEvaluator, type Evaluator } from '../../catalogue/evaluator.ts'
import { openCatalogue } from '../../catalogue/open-catalogue.ts'
import { explain } from '../manifests/object-files.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { UsageError } from '../usage-error.ts'

export type CatalogueFlags = {
  readonly registry: string
  readonly mode: 'out' | 'drv'
  readonly include: readonly string[]
}

export type BuildFlags = CatalogueFlags & {
  readonly output: string
  readonly timeout: string
  readonly quiet: boolean
}

export type RenderFlags = BuildFlags & {
  readonly values?: string
  readonly print: boolean
}

/** Sources are some dozens of megabytes. */
const FETCH_LIMIT_MS = 600_000
const INCLUDE = /^([a-z][a-z0-9-]*)=(.+)$/

/** @throws UsageError for a file that can't be read; CatalogueError; NixMissing. */
export async function openGiven(
  file: string,
  flags: CatalogueFlags,
  { library, environment }: ProcessFacts,
): Promise<{ readonly catalogue: Catalogue; readonly evaluator: Evaluator }> {
  const { registry, mode } = flags
  const includes = Object.fromEntries(flags.include.map(parseInclude))
  const evaluator = makeEvaluator({ library, environment, registry, mode, includes, onWarning: printLine })
  const fetching = { timeoutMs: FETCH_LIMIT_MS, onNews: printLine }
  const catalogue = await openCatalogue(file, evaluator, { fetching }).catch((error: unknown) => {
    if (error instanceof CatalogueError) throw error
    return explain(file)(error)
  })
  return { catalogue, evaluator }
}

/** Makes wrong usage of an entry that there is not. */
export function asUsage(error: unknown): never {
  throw error instanceof CatalogueError && (error.kind === 'not-found' || error.kind === 'not-built')
    ? new UsageError(error.message, { cause: error })
    : error
}

function printLine(line: string): void {
  process.stderr.write(`${line}\n`)
}

function parseInclude(text: string): readonly [string, string] {
  const [, name, path] = INCLUDE.exec(text) ?? []
  if (name === undefined || path === undefined)
    throw new UsageError(`--include: <name>=<path> is expected, not ${text}`)
  return [name, path]
}
