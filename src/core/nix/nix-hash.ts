/** Hashes of fixed-output derivations, in the forms that Nix writes. Source: Nix manual, "Hash"; `hash.cc` of libutil. */
import { decodeNixBase32 } from './nix-base32.ts'

/** Bytes of a hash, by algorithm. */
const SIZES = { md5: 16, sha1: 20, sha256: 32, sha512: 64 } as const
type HashAlgorithm = keyof typeof SIZES

export type NixHash = { readonly algorithm: HashAlgorithm; readonly hex: string }

/**
 * @param text with its algorithm (`sha256:…`, `sha256-…`) or without.
 * @param algorithm that Nix gives beside a text without one.
 * @returns `undefined` for anything else.
 */
export function parseNixHash(text: string, algorithm = ''): NixHash | undefined {
  const [, prefix, separator, digits = ''] = /^(?:([a-z0-9]+)([:-]))?(.+)$/.exec(text) ?? []
  const name = prefix ?? algorithm
  if (!isAlgorithm(name)) return undefined
  const bytes = decode(digits, SIZES[name], separator === '-')
  return bytes === undefined ? undefined : { algorithm: name, hex: Buffer.from(bytes).toString('hex') }
}

function isAlgorithm(name: string): name is HashAlgorithm {
  return Object.hasOwn(SIZES, name)
}

/** A length belongs to one base alone. */
function decode(digits: string, size: number, isBase64: boolean): Uint8Array | undefined {
  if (digits.length === size * 2 && !isBase64)
    return /^[0-9a-f]+$/i.test(digits) ? Buffer.from(digits, 'hex') : undefined
  if (digits.length === Math.ceil((size * 8) / 5) && !isBase64) return decodeNixBase32(digits)
  const bytes = Buffer.from(digits, 'base64')
  return bytes.length === size && bytes.toString('base64') === digits ? bytes : undefined
}
