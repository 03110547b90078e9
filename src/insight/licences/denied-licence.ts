/** Decides whether the licences of a package are denied by patterns such as `GPL-3.0*`. */
import parseExpression, { type Info } from 'spdx-expression-parse'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Licence } from '../inventory/package-meta.ts'

export type LicencePattern = (name: string) => boolean

/** Characters of an expression. Those of nixpkgs have at most some hundred; deep ones would overflow the stack. */
const MAX_EXPRESSION = 10_000

/** Reads a pattern: `*` is any text, and case doesn't count, as in SPDX 2.3, annex D. */
export function licencePattern(text: string): LicencePattern {
  const parts = text.toLowerCase().split('*')
  return (name) => matches(name.toLowerCase(), parts)
}

/**
 * Whether a package may not be used. All of its licences apply, so one that is denied is enough.
 * @throws RegistryError `malformed` for an expression that is too long.
 */
export function isDenied(licences: readonly Licence[], patterns: readonly LicencePattern[]): boolean {
  return licences.some((licence) => {
    if (licence.kind === 'named') return patterns.some((pattern) => pattern(licence.name))
    if (licence.expression.length > MAX_EXPRESSION)
      throw new RegistryError(
        'malformed',
        `a licence expression of ${licence.expression.length} characters, at most ${MAX_EXPRESSION} are read`,
      )
    return isExpressionDenied(parseExpression(licence.expression), patterns)
  })
}

/** `A OR B` is denied if both are, `A AND B` if one is. */
function isExpressionDenied(info: Info, patterns: readonly LicencePattern[]): boolean {
  if ('conjunction' in info) {
    const isLeftDenied = isExpressionDenied(info.left, patterns)
    return info.conjunction === 'and'
      ? isLeftDenied || isExpressionDenied(info.right, patterns)
      : isLeftDenied && isExpressionDenied(info.right, patterns)
  }
  const name = info.plus === true ? `${info.license}+` : info.license
  const names = [
    info.license,
    name,
    ...(info.exception === undefined ? [] : [`${name} WITH ${info.exception}`]),
  ]
  return patterns.some((pattern) => names.some(pattern))
}

/** Each part is taken at its first place, so the time is at most that of a search for each. */
function matches(name: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}
