/** Rules about a value and another place of the same definition. */
import { isObject } from '../../../core/json.ts'
import { field, show, wrong, type Problem } from '../problem.ts'
import type { KubernetesSchema } from '../schema.ts'
import { quantityOf } from './quantity.ts'
import { objectOr, spotOf, spotsAt, valueAt, type Spot } from './rule-places.ts'

/** The value that the paths of a rule start from, and the schema. */
export type Context = { readonly schema: KubernetesSchema; readonly whole: Spot }

export function checkFrom(
  { schema, whole }: Context,
  paths: readonly string[],
  what: string,
  { place, value }: Spot,
): readonly Problem[] {
  const known = paths.flatMap((path) => spotsAt(schema, whole, path)).map((spot) => spot.value)
  const texts = [...new Set(known.filter((one) => typeof one === 'string'))].sort()
  if (typeof value !== 'string' || value === '' || known.includes(value)) return []
  return wrong(
    place,
    value,
    `${what}, ${texts.length === 0 ? 'and there is none' : `there are: ${texts.join(', ')}`}`,
  )
}

export function checkUpTo(
  { schema, whole }: Context,
  path: string,
  { place, value, type }: Spot,
): readonly Problem[] {
  const [other] = spotsAt(schema, whole, path)
  if (other === undefined) return []
  if (!isObject(value)) return compare({ place, value, type }, other)
  return spotsAt(schema, { place, value, type }, '[]').flatMap((spot) =>
    compare(spot, spotOf(schema, other, String(spot.place.path.at(-1)))),
  )
}

function compare(spot: Spot, limit: Spot): readonly Problem[] {
  const [number, most] = [quantityOf(spot.value), quantityOf(limit.value)]
  if (number === undefined || most === undefined || number <= most) return []
  return wrong(spot.place, spot.value, `at most ${show(limit.value)}, as ${limit.place.text} is`)
}

export function checkApart({ whole }: Context, path: string, { place, value }: Spot): readonly Problem[] {
  const other = objectOr(valueAt(whole.value, path))
  return Object.keys(objectOr(value))
    .sort()
    .filter((key) => Object.hasOwn(other, key))
    .map((key) => {
      const at = field(place, key)
      return { path: at.path, message: `${at.text} is in ${path}, too, expected it in one of them` }
    })
}

export function checkAbove(
  { schema, whole }: Context,
  path: string,
  { place, value }: Spot,
): readonly Problem[] {
  const [other] = spotsAt(schema, whole, path)
  if (typeof value !== 'number' || typeof other?.value !== 'number' || value > other.value) return []
  return wrong(place, value, `more than ${other.value}, as ${other.place.text} is`)
}

export function checkJoins(
  { whole }: Context,
  paths: readonly string[],
  { place, value }: Spot,
): readonly Problem[] {
  const parts = paths.map((path) => valueAt(whole.value, path))
  if (!parts.every((part) => typeof part === 'string') || parts.join('.') === value) return []
  return wrong(
    place,
    value,
    `${show(parts.join('.'))}, which is ${paths.map((path) => path.replaceAll('/', '.')).join(' and ')}`,
  )
}
