/** JSON whose numbers keep every digit and their spelling, which a JavaScript number would lose. */

declare global {
  interface JSON {
    /** ECMAScript, JSON.parse source text access; the compiler's library doesn't have it yet. */
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown
    rawJSON(text: string): object
  }
}

/** @returns a value for JSON.stringify. @throws SyntaxError for what isn't JSON. */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? JSON.rawJSON(source) : value,
  )
}
