/** Chooses the form of a response that a client prefers (RFC 9110, section 12.5.1). */

/** @param offered our order decides between what is equally welcome, and where nothing is. */
export function preferred<T extends string>(accept: string | undefined, offered: readonly [T, ...T[]]): T {
  const ranges = parse(accept ?? '*/*')
  const ranked = offered.map((type) => ({ type, quality: qualityOf(type, ranges) }))
  return ranked.reduce((best, next) => (next.quality > best.quality ? next : best)).type
}

function qualityOf(type: string, ranges: ReadonlyMap<string, number>): number {
  const [family = ''] = type.split('/')
  return ranges.get(type) ?? ranges.get(`${family}/*`) ?? ranges.get('*/*') ?? 0
}

function parse(accept: string): ReadonlyMap<string, number> {
  return new Map(
    accept.split(',').map((part) => {
      const [range = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
      const given = parameters.find((parameter) => parameter.startsWith('q='))
      const quality = given === undefined ? 1 : Number(given.slice(2))
      return [range, Number.isNaN(quality) ? 0 : quality] as const
    }),
  )
}
