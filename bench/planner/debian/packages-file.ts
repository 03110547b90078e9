/** Reads the `Packages` files of an apt archive: Debian Policy, chapters 5 and 7. */

export type Package = {
  readonly name: string
  readonly version: string
  readonly source: string
  /** Bytes of the unpacked package, as its maker estimates them. */
  readonly bytes: number
  /** Alternatives of each dependency, in the order of the field. */
  readonly depends: readonly (readonly string[])[]
  readonly provides: readonly string[]
  /** Bytes of the archive. */
  readonly archiveBytes: number
}

export function parsePackages(text: string): readonly Package[] {
  return text.split('\n\n').flatMap((stanza) => packageOf(fieldsOf(stanza)) ?? [])
}

function fieldsOf(stanza: string): ReadonlyMap<string, string> {
  return new Map(
    stanza.split('\n').flatMap((line) => {
      const end = line.indexOf(': ')
      return end > 0 && !line.startsWith(' ') ? [[line.slice(0, end), line.slice(end + 2)] as const] : []
    }),
  )
}

function packageOf(fields: ReadonlyMap<string, string>): Package | undefined {
  const name = fields.get('Package')
  const version = fields.get('Version')
  if (name === undefined || version === undefined) return undefined
  const depends = [fields.get('Pre-Depends'), fields.get('Depends')].flatMap(
    (field) => field?.split(',') ?? [],
  )
  return {
    name,
    version,
    source: fields.get('Source')?.split(' ')[0] ?? name,
    bytes: Number(fields.get('Installed-Size') ?? 0) * 1024,
    depends: depends.map((one) => one.split('|').map(nameOf)),
    provides: (fields.get('Provides') ?? '')
      .split(',')
      .map(nameOf)
      .filter((provided) => provided !== ''),
    archiveBytes: Number(fields.get('Size') ?? 0),
  }
}

/** Returns the name of a relation, without its version and architecture. */
function nameOf(relation: string): string {
  return relation.trim().split(/[ :(]/)[0] ?? ''
}
