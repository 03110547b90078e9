/**
 * CRC-32C (Castagnoli) as the kernel computes it for superblocks: it begins with all bits set, and the result is not
 * inverted. Source: RFC 3720, appendix B.4; Linux, lib/crc32c.c.
 */

/** The polynomial, its bits reversed. */
const POLYNOMIAL = 0x82f63b78

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0)
  }
  return crc >>> 0
}
