/** Text of a client as it may stand in a log or on a terminal. */

/**
 * Replaces what isn't printable ASCII by `?`, so that no text can move a cursor or end a line, and cuts what is longer.
 * @param limit characters.
 */
export function printable(text: string, limit: number): string {
  const short = text.length > limit ? `${text.slice(0, limit - 1)}~` : text
  return short.replaceAll(/[^\x20-\x7e]/g, '?')
}
