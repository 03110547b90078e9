/**
 * Scalars of YAML as kubectl reads them: by sigs.k8s.io/yaml, which reads by go.yaml.in/yaml/v2 (its resolve.go) and
 * makes JSON of the result. These are neither the rules of YAML 1.1 nor those of YAML 1.2: `0o7` and `0b1` are numbers,
 * `12:30` and dates are text, `1e400` is text, `08` is 8.
 */

/** A whole number is a bigint where a JavaScript number would lose digits of it. */
export type GoScalar = string | number | bigint | boolean | null

/** Why Go refuses a scalar. */
export type GoRefusal = { readonly refusal: string }

const WORDS: ReadonlyMap<string, boolean | null | number> = new Map<string, boolean | null | number>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word) => [word, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, false] as const,
  ),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, Number.NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
])

const MAX_INT64 = 2n ** 63n - 1n
const MIN_INT64 = -(2n ** 63n)
const MAX_UINT64 = 2n ** 64n - 1n

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
/** More than any number of 64 bits needs, with many leading zeros: BigInt takes quadratic time. */
const MAX_DIGITS = 4096
const TAG_PREFIX = 'tag:yaml.org,2002:'

/** The value of a plain scalar without a tag. */
export function resolvePlain(text: string): GoScalar {
  const word = WORDS.get(text)
  if (word !== undefined) return word
  const first = text[0] ?? ''
  if (first === '.') return /^\.[0-9]+(?:[eE][-+]?[0-9]+)?$/.test(text) ? (finite(text) ?? text) : text
  if (!/[-+0-9]/.test(first) || isDate(text)) return text
  const plain = text.replaceAll('_', '')
  return integer(plain) ?? (FLOAT.test(plain) ? finite(plain) : undefined) ?? oddBinary(plain) ?? text
}

/**
 * The value of a scalar with a tag, quoted or not.
 * @param tag as `tag:yaml.org,2002:int`; any other than YAML's own means text.
 */
export function resolveTagged(tag: string, text: string): GoScalar | GoRefusal {
  const name = tag.startsWith(TAG_PREFIX) ? tag.slice(TAG_PREFIX.length) : undefined
  if (name === 'binary') return decodeBase64(text)
  if (name === undefined || !['bool', 'int', 'float', 'null', 'timestamp'].includes(name)) return text
  if (name === 'timestamp' && isDate(text)) return text
  const value = resolvePlain(text)
  const kind = kindOf(value, text)
  if (kind === name) return value
  // A whole number beyond int64 isn't taken for a float.
  if (name === 'float' && kind === 'int' && BigInt(Number(value)) <= MAX_INT64 + 1n) {
    if (typeof value !== 'bigint' || value <= MAX_INT64) return Number(value)
  }
  return { refusal: `\`${text}\` isn’t ${TAG_NAMES[name] ?? name}, as !!${name} says` }
}

const TAG_NAMES: { readonly [tag: string]: string } = {
  bool: 'a boolean',
  int: 'a whole number',
  float: 'a number',
  null: 'null',
  timestamp: 'a time',
}

/** The kind of a value that was read of a text, as YAML calls it. */
export function kindOf(value: GoScalar, text: string): 'bool' | 'int' | 'float' | 'null' | 'str' {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'string') return 'str'
  const plain = text.replaceAll('_', '')
  return integer(plain) !== undefined || oddBinary(plain) !== undefined ? 'int' : 'float'
}

/** As strconv.ParseInt and ParseUint with base 0 have it: decimal, `0x`, `0b`, `0o` and octal after a bare 0. */
function integer(text: string): number | bigint | undefined {
  const [, sign = '', digits = ''] = /^([-+]?)(.*)$/s.exec(text) ?? []
  const magnitude = magnitudeOf(digits)
  if (magnitude === undefined) return undefined
  const value = sign === '-' ? -magnitude : magnitude
  const max = sign === '' ? MAX_UINT64 : MAX_INT64
  return value < MIN_INT64 || value > max ? undefined : narrowed(value)
}

function magnitudeOf(digits: string): bigint | undefined {
  if (digits.length > MAX_DIGITS) return undefined
  if (/^(?:0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)$/.test(digits)) return BigInt(digits)
  return /^0[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : undefined
}

/** `0b-1`, which that library has by mistake. */
function oddBinary(text: string): number | bigint | undefined {
  const [, sign, digits = ''] = /^0b([-+])([01]+)$/.exec(text) ?? []
  if (sign === undefined) return undefined
  const value = sign === '-' ? -BigInt(`0b${digits}`) : BigInt(`0b${digits}`)
  return value < MIN_INT64 || value > MAX_INT64 ? undefined : narrowed(value)
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Nothing for what overflows. */
function finite(text: string): number | undefined {
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** Whether Go reads the text as a time, with month and day within their bounds. It stays text then. */
function isDate(text: string): boolean {
  const found =
    /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})| +[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.,][0-9]+)?)?$/.exec(
      text,
    )
  // Other texts with hyphens inside are text, too: a number has none, except in its exponent.
  return found !== null
}

/** Each byte that isn't UTF-8 is U+FFFD, as in Go's JSON. */
function decodeBase64(text: string): string | GoRefusal {
  const plain = text.replace(/[\r\n]/g, '')
  if (plain.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain))
    return { refusal: 'the text behind !!binary isn’t base64' }
  return replaceInvalid(Buffer.from(plain, 'base64'))
}

function replaceInvalid(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at] ?? 0
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    try {
      text += decoder.decode(bytes.subarray(at, at + length))
      at += length
    } catch {
      text += '\ufffd'
      at += 1
    }
  }
  return text
}
