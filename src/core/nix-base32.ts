/** Nix's base 32: bits from the end, digits and lower-case letters without e, o, t, u. Source: `printHash32` of libutil. */

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
