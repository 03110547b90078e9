/** Writes ASN.1 in DER (ITU-T X.690): as much of it as a certificate needs. */

const TAGS = { boolean: 0x01, integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c } as const
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const SEQUENCE = 0x30
const SET = 0x31
/** RFC 5280, section 4.1.2.5: dates from 2050 on have four digits for the year. */
const FIRST_GENERALIZED_YEAR = 2050

/** A value with its tag and its length. */
function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body])
}

export function sequence(...content: readonly Uint8Array[]): Buffer {
  return element(SEQUENCE, ...content)
}

export function set(...content: readonly Uint8Array[]): Buffer {
  return element(SET, ...content)
}

/** A value under a tag that its field has (`[3]`), with the value's own tag inside. */
export function explicit(number: number, content: Uint8Array): Buffer {
  return element(0xa0 | number, content)
}

/** A value under a tag that its field has (`[2]`), instead of the value's own tag. */
export function implicit(number: number, content: Uint8Array): Buffer {
  return element(0x80 | number, content)
}

/** @param bytes of a number that isn't negative, the highest first. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first === -1 ? Uint8Array.of(0) : bytes.subarray(first)
  // A first bit of 1 is a minus.
  return element(TAGS.integer, (digits[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(), digits)
}

export const TRUE: Uint8Array = element(TAGS.boolean, Uint8Array.of(0xff))

/** @param unused bits at the end of the last byte. */
export function bitString(bytes: Uint8Array, unused = 0): Buffer {
  return element(TAGS.bits, Uint8Array.of(unused), bytes)
}

export function octetString(bytes: Uint8Array): Buffer {
  return element(TAGS.octets, bytes)
}

export function utf8(text: string): Buffer {
  return element(TAGS.utf8, Buffer.from(text))
}

/** @param dotted such as `2.5.29.17`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(TAGS.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)))
}

/** A date, to the second. */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 'yyyymmddhhmmss'.length)}Z`
  return date.getUTCFullYear() < FIRST_GENERALIZED_YEAR
    ? element(UTC_TIME, Buffer.from(digits.slice(2)))
    : element(GENERALIZED_TIME, Buffer.from(digits))
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff)
  return Buffer.from([0x80 | bytes.length, ...bytes])
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift(0x80 | (rest & 0x7f))
  return bytes
}
