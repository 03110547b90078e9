/**
 * JSON that somebody else wrote, read within bounds: a few megabytes of brackets become a gigabyte of objects, for
 * which everybody would wait. Counted in the bytes, before anything is made of them.
 */
import { RegistryError } from '../errors/errors.ts'

/** As deep as Go's encoding/json reads (`maxNestingDepth`), and so every client. */
const MAX_DEPTH = 10_000
/** Each takes about 100 bytes. An image of 10,000 store paths, each with permissions, has 100,000. */
const MAX_VALUES = 500_000

const QUOTE = 0x22
const COMMA = 0x2c
const OPENING_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSING_BRACKET = 0x5d
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d

/**
 * @param name what it is, for the error.
 * @throws SyntaxError for what is no JSON; RegistryError `unservable` for what is nested too deep, or has too many
 * values.
 */
export function parseGivenJson(name: string, bytes: Uint8Array): unknown {
  demandModest(name, bytes)
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
}

function demandModest(name: string, bytes: Uint8Array): void {
  let depth = 0
  let values = 0
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at] ?? 0) {
      case QUOTE:
        at = closingQuote(bytes, at)
        break
      case OPENING_BRACKET:
      case OPENING_BRACE:
        depth += 1
        values += 1
        if (depth > MAX_DEPTH) refuse(name, `nested too deep: more than ${MAX_DEPTH} lists or objects`)
        break
      case CLOSING_BRACKET:
      case CLOSING_BRACE:
        depth -= 1
        break
      case COMMA:
        values += 1
    }
    if (values > MAX_VALUES) refuse(name, `JSON of more than ${MAX_VALUES} values`)
  }
}

/** Returns the offset where the string that begins at `start` ends, or the end of the text. */
function closingQuote(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === QUOTE) return at
    if (bytes[at] === BACKSLASH) at += 1
  }
  return bytes.length
}

function refuse(name: string, why: string): never {
  throw new RegistryError('unservable', `${name}: ${why}`)
}
