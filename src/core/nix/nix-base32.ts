/**
 * Nix's base 32: bits from the end, digits and lower-case letters without e, o, t, u. Source: `printHash32` of libutil.
 */

const DIGITS = '0123456789abcdfghijklmnpqrsvwxyz'

/** 32 bytes give 52 characters, 20 give 32. */
export function encodeNixBase32(bytes: Uint8Array): string {
  const length = Math.ceil((bytes.length * 8) / 5)
  return Array.from({ length }, (_, i) => {
    const bit = (length - 1 - i) * 5
    const [at, shift] = [bit >> 3, bit & 7]
    const pair = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
    return DIGITS[(pair >> shift) & 31] ?? ''
  }).join('')
}

/** `undefined` for what `encodeNixBase32` never gives. */
export function decodeNixBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array((text.length * 5) >> 3)
  for (let i = 0; i < text.length; i++) {
    const value = DIGITS.indexOf(text.charAt(i))
    const bit = (text.length - 1 - i) * 5
    const [at, shift] = [bit >> 3, bit & 7]
    if (value === -1) return undefined
    bytes[at] = (bytes[at] ?? 0) | ((value << shift) & 255)
    const carry = value >> (8 - shift)
    if (at + 1 < bytes.length) bytes[at + 1] = (bytes[at + 1] ?? 0) | carry
    // Bits that lie behind the last byte have to be none, or one hash would have two names.
    else if (carry !== 0) return undefined
  }
  return bytes
}
