/**
 * Objects that a custom resource holds whole (`x-kubernetes-embedded-resource`), as apiextensions' schema/objectmeta.
 */
import type { Json } from '../../../core/json.ts'
import { field, missing, wrong, type Place, type Problem } from '../problem.ts'

export type CheckMetadata = (at: Place, value: Json) => readonly Problem[]

/** Fields that every whole object has, whether its schema names them or not. */
export const IMPLIED = ['apiVersion', 'kind', 'metadata']

const GROUP_VERSION = /^[^/]*(\/[^/]*)?$/
/** A label of DNS (RFC 1035), but in any case. */
const KIND = /^[A-Za-z]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/

export function checkEmbedded(
  at: Place,
  { apiVersion, kind, metadata }: { readonly [key: string]: Json },
  checkMetadata: CheckMetadata,
): readonly Problem[] {
  return [
    ...checkText(field(at, 'apiVersion'), apiVersion, 'an API version, such as "apps/v1"', GROUP_VERSION),
    ...checkText(field(at, 'kind'), kind, 'a kind, such as "Deployment"', KIND),
    ...(metadata === undefined ? [] : checkMetadata(field(at, 'metadata'), metadata)),
  ]
}

function checkText(
  at: Place,
  value: Json | undefined,
  expected: string,
  pattern: RegExp,
): readonly Problem[] {
  if (value === undefined) return missing(at, expected)
  const isRight = typeof value === 'string' && value !== '' && pattern.test(value)
  return isRight ? [] : wrong(at, value, expected)
}
