/**
 * Checks a value by the rules of its definition (rules.ts). The same as manifests/check/rules/check-rules.nix, word for
 * word.
 */
import { isObject, type Json } from '../../../core/json.ts'
import { empty, field, missing, wrong, type Place, type Problem } from '../problem.ts'
import { quantityOf } from './quantity.ts'
import { checkAbove, checkApart, checkFrom, checkJoins, checkUpTo, type Context } from './check-relations.ts'
import { checkSelector } from './check-selector.ts'
import { isEmpty, objectOr, spotsAt, valueAt, type Spot } from './rule-places.ts'
import { hasForm } from './text-form.ts'
import type { Condition, Range, Rule, Rules } from './rules.ts'
import type { KubernetesSchema } from '../schema.ts'

type Object = { readonly [key: string]: Json }

/** Returns the problems of the value in the order of the rules. */
export function checkRules(
  schema: KubernetesSchema,
  type: string,
  place: Place,
  value: Json,
): readonly Problem[] {
  const { rules } = schema
  const own = rules.definitions[type]
  if (own === undefined || !isObject(value)) return []
  const whole: Spot = { place, value, type }
  return own.flatMap((rule) => checkRule({ schema, whole }, rule))
}

/**
 * Checks the name of an object, which each kind restricts in its own way. A generated name gets its last letters later.
 */
export function checkName(
  { rules }: KubernetesSchema,
  kind: string,
  at: Place,
  { name, generateName }: { readonly name: string; readonly generateName?: Json },
): readonly Problem[] {
  if (name === '') return empty(at, 'a name')
  const form = rules.names[kind] ?? rules.names['default'] ?? ''
  const value = generateName === name ? name.replace(/-$/, '') : name
  return checkText(rules, form, { place: at, value, type: 'string' })
}

function checkRule({ schema, whole }: Context, rule: Rule): readonly Problem[] {
  const roots = rule.each === undefined ? [whole] : spotsAt(schema, whole, rule.each)
  const problems = roots.flatMap((root) => {
    if (!(rule.when ?? []).every((condition) => holds(condition, root.value))) return []
    const found = spotsAt(schema, root, rule.at)
    return [
      ...found.flatMap((spot) => [
        ...checkPresence(rule, spot),
        ...(spot.value === null ? [] : checkOne({ schema, whole: root }, rule, spot)),
      ]),
      ...(rule.differ === undefined ? [] : checkDiffer(rule.differ, found)),
    ]
  })
  return problems.map((problem) => ({
    ...problem,
    isRule: true,
    ...(rule.warning === true ? { isWarning: true } : {}),
  }))
}

function holds({ at, is, isNot, has, more, default: standard = null }: Condition, value: Json): boolean {
  const found = valueAt(value, at)
  const counted = isEmpty(found) ? standard : found
  if (is?.includes(counted) === false) return false
  if (isNot?.includes(counted) === true) return false
  if (more !== undefined && !(Array.isArray(found) && found.length > more)) return false
  return has === undefined || has === !isEmpty(found)
}

function checkPresence({ filled, none, present, fields }: Rule, spot: Spot): readonly Problem[] {
  const { place, value } = spot
  return [
    ...(filled === undefined || !isEmpty(value)
      ? []
      : value === null
        ? missing(place, filled)
        : empty(place, filled)),
    ...(present === undefined || value !== null ? [] : missing(place, present)),
    ...(none === undefined || isEmpty(value) ? [] : wrong(place, value, `none, ${none}`)),
    ...(fields === undefined || !isObject(value) ? [] : checkFields(fields, place, value)),
  ]
}

function checkOne(context: Context, rule: Rule, spot: Spot): readonly Problem[] {
  const { place, value } = spot
  const { words, notWords } = rule
  return [
    ...ask(rule.range, (range) => checkRange(range, spot)),
    ...ask(rule.text, (name) => checkText(context.schema.rules, name, spot)),
    ...ask(rule.keys, (name) => checkKeys(context.schema.rules, name, spot)),
    ...(words === undefined || value === '' || words.includes(value)
      ? []
      : wrong(place, value, `one of ${list(words)}`)),
    ...(notWords?.includes(value) === true ? wrong(place, value, `another than ${list(notWords)}`) : []),
    ...ask(rule.count, (range) => checkCount(range, spot)),
    ...ask(rule.bytes, (most) => checkBytes(most, spot)),
    ...ask(rule.from, ({ paths, what }) => checkFrom(context, paths, what, spot)),
    ...ask(rule.selects, (path) => checkSelector(context.schema, context.whole, path, spot)),
    ...ask(rule.upTo, (path) => checkUpTo(context, path, spot)),
    ...ask(rule.apart, (path) => checkApart(context, path, spot)),
    ...ask(rule.above, (path) => checkAbove(context, path, spot)),
    ...ask(rule.joins, (paths) => checkJoins(context, paths, spot)),
  ]
}

function ask<T>(want: T | undefined, check: (want: T) => readonly Problem[]): readonly Problem[] {
  return want === undefined ? [] : check(want)
}

function checkFields(
  { of, least, most }: NonNullable<Rule['fields']>,
  { path, text }: Place,
  value: Object,
): readonly Problem[] {
  const found = of.filter((path) => isPresent(value, path))
  if (found.length < least)
    return [{ path, message: `${text === '' ? 'it' : text} has none of ${of.join(', ')}, expected one` }]
  if (found.length > (most ?? Infinity))
    return [
      { path, message: `${text === '' ? 'it' : text} has ${found.join(' and ')}, expected only one of them` },
    ]
  return []
}

/** A null is an absent field, but in a map, whose path has two steps here, it is an empty text. */
function isPresent(value: Object, path: string): boolean {
  if (!path.includes('/')) return (value[path] ?? null) !== null
  const [name = '', key = ''] = path.split('/')
  return Object.hasOwn(objectOr(value[name]), key)
}

function checkRange(range: Range, { place, value }: Spot): readonly Problem[] {
  const number = quantityOf(value)
  return number === undefined || isIn(range, number)
    ? []
    : wrong(place, value, describeRange('a number', range))
}

function checkText({ texts }: Rules, name: string, { place, value }: Spot): readonly Problem[] {
  const form = texts[name]
  if (form === undefined || typeof value !== 'string' || value === '') return []
  return hasForm(form, value) ? [] : wrong(place, value, form.expected)
}

function checkKeys({ texts }: Rules, name: string, { place, value }: Spot): readonly Problem[] {
  const form = texts[name]
  if (form === undefined || !isObject(value)) return []
  return Object.keys(value)
    .sort()
    .filter((key) => !hasForm(form, key))
    .map((key) => {
      const { path, text } = field(place, key)
      return { path, message: `${text} has a wrong name, expected ${form.expected}` }
    })
}

function checkCount(range: Range, { place, value }: Spot): readonly Problem[] {
  if (Array.isArray(value))
    return isIn(range, value.length) ? [] : wrong(place, value, describeRange('a number of items', range))
  if (!isObject(value) || isIn(range, Object.keys(value).length)) return []
  return wrong(place, value, describeRange('a number of fields', range))
}

function checkBytes(most: number, { place: { path, text }, value }: Spot): readonly Problem[] {
  if (!isObject(value)) return []
  const texts = Object.values(value).filter((one) => typeof one === 'string')
  const bytes = texts.reduce((sum, one) => sum + Buffer.byteLength(one), 0)
  return bytes <= most ? [] : [{ path, message: `${text} has ${bytes} bytes, expected at most ${most}` }]
}

function checkDiffer(fields: readonly string[], spots: readonly Spot[]): readonly Problem[] {
  const keys = fields.map((text) => {
    const [path = '', standard] = text.split('=')
    return { path, standard: standard ?? null }
  })
  const seen = new Set<string>()
  const repeated = spots.find(({ value }) => {
    const parts = keys.map(({ path, standard }) => {
      const found = valueAt(value, path)
      return isEmpty(found) || found === 0 ? standard : found
    })
    if (value === null || parts.includes(null)) return false
    const identity = JSON.stringify(parts)
    const isRepeated = seen.has(identity)
    seen.add(identity)
    return isRepeated
  })
  if (repeated === undefined) return []
  const { path, text } = repeated.place
  const names = keys.map((key) => (key.path === '' ? 'value' : key.path)).join(' and ')
  return [{ path, message: `${text} is there twice, expected each ${names} once` }]
}

function isIn([least, most]: Range, number: number): boolean {
  return (least === null || number >= least) && (most === null || number <= most)
}

function describeRange(what: string, [least, most]: Range): string {
  if (least === null) return `${what} up to ${most}`
  return most === null ? `${what} from ${least} on` : `${what} from ${least} to ${most}`
}

function list(words: readonly Json[]): string {
  return words.map((word) => JSON.stringify(word)).join(', ')
}
