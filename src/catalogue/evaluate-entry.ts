/** From an entry and its values to the derivation of its manifests. */
import * as Type from 'typebox'
import { validatorOf } from '../core/validator.ts'
import { isDerivationPath, parseStorePath, type StorePath } from '../core/nix/store-path.ts'
import { parseJson } from '../core/json.ts'
import type { CatalogueEntry, NixSource, Values } from './catalogue.ts'
import { CatalogueError } from './catalogue-error.ts'
import { evaluateCatalogue } from './evaluate-catalogue.ts'
import type { Evaluator } from './evaluator.ts'

export type EvaluatedEntry = {
  readonly derivation: StorePath
  /** Undefined where Nix learns it only from the build, as of content-addressed derivations. */
  readonly storePath: StorePath | undefined
}

const RESULT = validatorOf(Type.Object({ derivation: Type.String(), storePath: Type.String() }))

/**
 * @param values checked, with defaults.
 * @throws CatalogueError `evaluation-failed` or `limit-exceeded`; NixMissing.
 */
export async function evaluateEntry(
  source: NixSource,
  { name, version }: Pick<CatalogueEntry, 'name' | 'version'>,
  values: Values,
  evaluator: Evaluator,
  signal?: AbortSignal,
): Promise<EvaluatedEntry> {
  const subject = `${name} ${version}`
  const request = { name, version, values }
  const text = await evaluateCatalogue({ source, request, subject, signal }, evaluator)
  const result = RESULT.Parse(parseJson(text))
  const derivation = parseStorePath(result.derivation)
  if (derivation === undefined || !isDerivationPath(derivation))
    throw new CatalogueError(
      'evaluation-failed',
      `${subject}: its manifests have no derivation in /nix/store`,
    )
  return { derivation, storePath: parseStorePath(result.storePath) }
}
