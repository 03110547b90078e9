/**
 * Byte strings: bytes as text, one character a byte (latin1). A name in the Nix store is any bytes, not only UTF-8. As
 * a byte string it is exact, sorts by byte value, and is the key of a map.
 */

declare const brand: unique symbol
export type ByteString = string & { readonly [brand]: 'ByteString' }

// oxlint-disable-next-line no-control-regex -- "not ASCII" is what is meant
const NOT_ASCII = /[^\x00-\x7f]/

export function isAscii(text: string): boolean {
  return !NOT_ASCII.test(text)
}

/** The UTF-8 bytes of a text. */
export function encodeText(text: string): ByteString {
  return (isAscii(text) ? text : Buffer.from(text).toString('latin1')) as ByteString
}

export function byteStringOf(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') as ByteString
}

/** Takes a text whose characters are bytes already: ASCII, a part of a byte string, or what Node read as latin1. */
export function asByteString(text: string): ByteString {
  return text as ByteString
}

export function bytesOf(text: ByteString): Buffer {
  return Buffer.from(text, 'latin1')
}

/** A byte string as people read it: decoded as UTF-8, with a replacement character for bytes that aren't. */
export function displayPath(text: ByteString): string {
  return isAscii(text) ? text : bytesOf(text).toString()
}

/** A byte string as Node's file functions take it. */
export function fsPath(path: ByteString): string | Buffer {
  return isAscii(path) ? path : bytesOf(path)
}

/** `directory/name`. */
export function childPath(directory: ByteString, name: ByteString): ByteString {
  return `${directory}/${name}` as ByteString
}

/** A name below `/` as an absolute path. */
export function absolutePath(name: ByteString): ByteString {
  return `/${name}` as ByteString
}
