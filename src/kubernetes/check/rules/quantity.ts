/** Compares quantities of Kubernetes, such as "500m" or "64Mi" (apimachinery, resource.ParseQuantity). */
import type { Json } from '../../../core/json.ts'

const PARTS = /^([+-]?(?:\d+\.?\d*|\.\d+))(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/
/** Divisors of what is smaller than one: a division is rounded once, so that "100m" equals "0.1". */
const DIVISORS = new Map([
  ['n', 1e9],
  ['u', 1e6],
  ['m', 1e3],
])
const FACTORS = new Map([
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
  ['P', 1e15],
  ['E', 1e18],
  ...['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((unit, i) => [unit, 1024 ** (i + 1)] as const),
])

export function isQuantity(value: Json): boolean {
  return quantityOf(value) !== undefined
}

/** Returns the number that a quantity stands for, rounded to 53 bits; undefined for what is no quantity. */
export function quantityOf(value: Json): number | undefined {
  if (typeof value === 'number') return value
  // The server trims blanks, and rejects an empty text.
  const parts = typeof value === 'string' ? PARTS.exec(value.trim()) : null
  if (parts === null) return undefined
  const [, digits = '', unit = ''] = parts
  const exponent = /^[eE]/.test(unit) ? unit : ''
  const number = Number(`${digits}${exponent}`)
  return (number * (FACTORS.get(unit) ?? 1)) / (DIVISORS.get(unit) ?? 1)
}
