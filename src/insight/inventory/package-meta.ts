/** The facts of a package that only its evaluation knows: `meta` of nixpkgs, as nix/metadata.nix writes it. */
import parseExpression from 'spdx-expression-parse'

/** A licence that applies. Several of one package all apply. */
export type Licence =
  /** An expression of the SPDX specification 2.3, annex D: `MIT`, `GPL-2.0-only OR MIT`. */
  | { readonly kind: 'spdx'; readonly expression: string }
  /** The name of a licence that SPDX doesn't list. */
  | { readonly kind: 'named'; readonly name: string }

export type PackageMeta = {
  readonly licences: readonly Licence[]
  readonly homepage: string | undefined
  readonly description: string | undefined
  /** CPE 2.3, formatted string. */
  readonly cpe: string | undefined
  /** Package URL that the package's maintainers give, such as `pkg:pypi/requests@2.32.0`. */
  readonly purl: string | undefined
  /** The place where the package is defined: `pkgs/tools/misc/hello/default.nix:12`. */
  readonly position: string | undefined
  /** The organisation that maintains the package. */
  readonly supplier: string | undefined
  /** `meta.knownVulnerabilities`: CVE identifiers or sentences. */
  readonly knownVulnerabilities: readonly string[]
}

export const NO_META: PackageMeta = {
  licences: [],
  homepage: undefined,
  description: undefined,
  cpe: undefined,
  purl: undefined,
  position: undefined,
  supplier: undefined,
  knownVulnerabilities: [],
}

/** Returns licences from expressions and names. Expressions become one, since all of them apply. */
export function parseLicences(texts: readonly string[]): readonly Licence[] {
  const unique = [...new Set(texts.map((text) => text.trim()).filter((text) => text !== ''))]
  const expressions = unique.filter(isExpression)
  const [first] = expressions
  const joined = expressions.map((text) => (/ OR /.test(text) ? `(${text})` : text)).join(' AND ')
  const expression = expressions.length > 1 ? joined : first
  return [
    ...(expression === undefined ? [] : [{ kind: 'spdx' as const, expression }]),
    ...unique.filter((text) => !isExpression(text)).map((name) => ({ kind: 'named' as const, name })),
  ]
}

function isExpression(text: string): boolean {
  try {
    parseExpression(text)
    return true
  } catch {
    return false
  }
}
