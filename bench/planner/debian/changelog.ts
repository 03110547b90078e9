/** Reads the changelog that a Debian package brings: Debian Policy, section 4.4. */

export type Upload = {
  readonly version: string
  readonly distribution: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** @returns the newest first, as in the file. */
export function parseChangelog(text: string): readonly Upload[] {
  const uploads: Upload[] = []
  let head: { readonly version: string; readonly distribution: string } | undefined
  for (const line of text.split('\n')) {
    const [, version, distribution] = /^\S+ \(([^)]+)\) ([^;]+);/.exec(line) ?? []
    if (version !== undefined && distribution !== undefined) head = { version, distribution }
    const [, date] = /^ -- .*>\s+(.+)$/.exec(line) ?? []
    const at = date === undefined ? Number.NaN : Date.parse(date)
    if (head === undefined || Number.isNaN(at)) continue
    uploads.push({ ...head, at })
    head = undefined
  }
  return uploads
}
