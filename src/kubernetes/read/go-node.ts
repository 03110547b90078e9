/** Nodes of a document as Go reads them: scalars with their tags and quotes, and keys, which become text. */
import { isAlias, isScalar, type Document, type Scalar } from 'yaml'
import { kindOf, resolvePlain, resolveTagged, type GoRefusal, type GoScalar } from './go-scalar.ts'

/** The text of a key in JSON, or nothing where it has none. */
export function keyText(key: unknown, document?: Document): string | undefined {
  const target = isAlias(key) && document !== undefined ? key.resolve(document) : key
  if (target === null) return undefined
  if (!isScalar(target)) return undefined
  const value = scalarValue(target)
  return typeof value === 'object' ? undefined : nameOf(value, textOf(target))
}

/** Whether a key merges the map behind it into its own. */
export function isMergeKey(key: unknown): boolean {
  if (!isScalar(key) || textOf(key) !== '<<') return false
  return key.tag === undefined ? isPlain(key) : key.tag === 'tag:yaml.org,2002:merge'
}

/** The text of a scalar before it is resolved. */
export function textOf(scalar: Scalar): string {
  return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? '')
}

function isPlain({ type }: Scalar): boolean {
  return type === 'PLAIN' || type === undefined
}

/** The value of a scalar, or why Go refuses it. */
export function scalarValue(scalar: Scalar): GoScalar | GoRefusal {
  const text = textOf(scalar)
  const { tag } = scalar
  if (tag !== undefined && tag !== '!') return resolveTagged(tag, text)
  return isPlain(scalar) && tag === undefined ? resolvePlain(text) : text.toWellFormed()
}

/** As Go formats keys; whole numbers beyond int64 and null can't be any. */
export function nameOf(value: GoScalar, text: string): string | undefined {
  if (typeof value === 'string') return value
  if (value === null) return undefined
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint') return value >= 2n ** 63n ? undefined : String(value)
  return kindOf(value, text) === 'int' ? String(value) : formatFloat32(value)
}

/** strconv.FormatFloat(value, 'g', -1, 32), with the words of YAML. */
function formatFloat32(value: number): string {
  const narrow = Math.fround(value)
  if (Number.isNaN(narrow)) return '.nan'
  if (!Number.isFinite(narrow)) return narrow > 0 ? '.inf' : '-.inf'
  let digits = 1
  while (digits < 9 && Math.fround(Number(narrow.toPrecision(digits))) !== narrow) digits += 1
  const [, sign = '', mantissa = '', exponent = ''] =
    /^(-?)([0-9.]+)e([-+][0-9]+)$/.exec(narrow.toExponential(digits - 1)) ?? []
  const power = Number(exponent)
  if (power < -4 || power >= 6) {
    return `${sign}${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  }
  const text = Number(`${sign}${mantissa}e${exponent}`).toFixed(Math.max(0, digits - 1 - power))
  return Object.is(narrow, -0) ? '-0' : text
}
