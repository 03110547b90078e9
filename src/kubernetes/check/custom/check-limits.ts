/**
 * Limits of JSON Schema on one value: numbers, lengths, patterns, formats. As the API server has them (kube-openapi).
 */
import { isObject, type Json } from '../../../core/json.ts'
import { RE2JS } from 're2js'
import { wrong, type Place, type Problem } from '../problem.ts'
import { formatOf } from './formats.ts'
import type { JsonSchema } from './json-schema.ts'

type Measure = {
  /** Nothing for values that it isn't about. */
  readonly measure: (value: Json) => number | undefined
  readonly least: string
  readonly most: string
  readonly what: string
}

const MEASURES: readonly Measure[] = [
  {
    measure: (value) => (typeof value === 'string' ? codePoints(value) : undefined),
    least: 'minLength',
    most: 'maxLength',
    what: 'a length',
  },
  {
    measure: (value) => (Array.isArray(value) ? value.length : undefined),
    least: 'minItems',
    most: 'maxItems',
    what: 'a number of items',
  },
  {
    measure: (value) => (isObject(value) ? Object.keys(value).length : undefined),
    least: 'minProperties',
    most: 'maxProperties',
    what: 'a number of fields',
  },
]

/** swag, IsFloat64AJSONInteger: how far from a whole number a fraction may be, in proportion. */
const EPSILON = 1e-9
const INT64 = 2 ** 63

export function checkLimits(schema: JsonSchema, at: Place, value: Json): readonly Problem[] {
  const expected =
    typeof value === 'number'
      ? numberExpected(schema, value)
      : typeof value === 'string'
        ? (measureExpected(schema, value) ?? textExpected(schema, value))
        : measureExpected(schema, value)
  return expected === undefined ? [] : wrong(at, value, expected)
}

/**
 * Whether the server takes the number for a whole one. Whole numbers beyond 2^53 are nearby ones here, and fractions
 * beyond it are none for the server.
 */
export function isWhole(value: Json): boolean {
  if (typeof value !== 'number') return false
  return Number.isInteger(value) ? Math.abs(value) <= INT64 : isNearlyWhole(value)
}

function isNearlyWhole(value: number): boolean {
  const whole = Math.trunc(value)
  return whole > 0 && value <= Number.MAX_SAFE_INTEGER && (value - whole) / (value + whole) < EPSILON
}

function numberExpected(schema: JsonSchema, value: number): string | undefined {
  const least = limitFor(value, schema['minimum'])
  const most = limitFor(value, schema['maximum'])
  const isAbove = schema['exclusiveMinimum'] === true
  const isBelow = schema['exclusiveMaximum'] === true
  const isSame = (limit: number) => value === limit && isExact(value)
  if (least !== undefined && (value < least || (isAbove && isSame(least))))
    return isAbove ? `a number above ${least}` : `a number from ${least} on`
  if (most !== undefined && (value > most || (isBelow && isSame(most))))
    return isBelow ? `a number below ${most}` : `a number up to ${most}`
  const factor = schema['multipleOf']
  return typeof factor !== 'number' || isMultiple(value, factor) ? undefined : `a multiple of ${factor}`
}

/** Whole numbers are compared with what is before the point of a limit. */
function limitFor(value: number, limit: Json | undefined): number | undefined {
  if (typeof limit !== 'number' || !Number.isInteger(value))
    return typeof limit === 'number' ? limit : undefined
  return Math.abs(limit) < 2 ** 63 ? Math.trunc(limit) : undefined
}

/** Whether the number can't be another one than it was in the text. */
export function isExact(value: number): boolean {
  return Number.isSafeInteger(value) || !Number.isInteger(value)
}

/** Whole numbers are divided as such, by what is before the point of a factor. */
function isMultiple(value: number, factor: number): boolean {
  if (isInt64(value)) return !isExact(value) || (Math.trunc(factor) > 0 && value % Math.trunc(factor) === 0)
  const times = factor < 1 ? (1 / factor) * value : value / factor
  return Number.isSafeInteger(times) || isNearlyWhole(times)
}

function isInt64(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < INT64
}

function measureExpected(schema: JsonSchema, value: Json): string | undefined {
  for (const { measure, least, most, what } of MEASURES) {
    const [from, to] = [schema[least], schema[most]]
    if (from === undefined && to === undefined) continue
    const measured = measure(value)
    if (measured === undefined) continue
    if (typeof from === 'number' && measured < from) return `${what} from ${from} on`
    if (typeof to === 'number' && measured > to) return `${what} up to ${to}`
  }
  return undefined
}

function textExpected(schema: JsonSchema, value: string): string | undefined {
  const { pattern } = schema
  if (typeof pattern === 'string' && pattern !== '' && matcherOf(pattern)?.test(value) === false)
    return `a match of ${pattern}`
  const format = formatOf(schema)
  return format === undefined || format.holds(value) ? undefined : format.expected
}

/** By their texts: a definition's patterns are asked about for each object. Nothing for what is no expression of Go. */
const matchers = new Map<string, RE2JS | undefined>()

function matcherOf(pattern: string): RE2JS | undefined {
  if (!matchers.has(pattern)) matchers.set(pattern, compile(pattern))
  return matchers.get(pattern)
}

function compile(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern)
  } catch {
    return undefined
  }
}

function codePoints(text: string): number {
  // Halves of pairs count once.
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0)
}
