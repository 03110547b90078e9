/** One row of the tables about health: an object, and how healthy it is. */
import type { Json } from '../../../src/core/json.ts'
import type { HealthFacts } from '../../../src/delivery/health/judge-health.ts'

export type Parts = { readonly [key: string]: Json }
export type HealthCase = readonly [
  what: string,
  kind: string,
  parts: Parts,
  expected: string,
  reason?: RegExp,
  metadata?: Parts,
  facts?: HealthFacts,
]
