/** Label selectors of workloads, which must match their own Pods. */
import { isObject, type Json } from '../../../core/json.ts'
import { empty, field, item, missing, show, wrong, type Problem } from '../problem.ts'
import type { KubernetesSchema } from '../schema.ts'
import { fieldOf, isEmpty, objectOr, placeAt, spotsAt, type Spot } from './rule-places.ts'

type Object = { readonly [key: string]: Json }

/** Checks that a label selector, or a plain map of labels, isn't empty and matches the labels at `path` of `whole`. */
export function checkSelector(
  schema: KubernetesSchema,
  whole: Spot,
  path: string,
  { place, value, type }: Spot,
): readonly Problem[] {
  if (!isObject(value) || isEmpty(value)) return []
  const at = placeAt(whole.place, path)
  const labels = objectOr(spotsAt(schema, whole, path)[0]?.value)
  const isPlain = typeof type === 'object'
  const wanted = isPlain ? value : objectOr(value['matchLabels'])
  const source = isPlain ? place : field(place, 'matchLabels')
  const asked: unknown = isPlain ? [] : value['matchExpressions']
  const expressions = Array.isArray(asked) ? (asked as readonly Json[]) : []
  if (isEmpty(wanted) && expressions.length === 0) return empty(place, 'labels of the Pods')
  return [
    ...Object.keys(wanted)
      .sort()
      .filter((key) => fieldOf(labels, key) !== fieldOf(wanted, key))
      .flatMap((key) => {
        const label = field(at, key)
        const expected = `${show(fieldOf(wanted, key))}, as ${source.text} has it`
        return Object.hasOwn(labels, key)
          ? wrong(label, fieldOf(labels, key), expected)
          : missing(label, expected)
      }),
    ...expressions.flatMap((one, index) => {
      if (!isObject(one) || meets(one, labels)) return []
      const { path: steps, text } = item(field(place, 'matchExpressions'), index, index)
      return [{ path: steps, message: `${text} isn't true of ${at.text}, expected what is` }]
    }),
  ]
}

/** Whether labels meet a requirement (metav1.LabelSelectorRequirement). One that is itself wrong counts as met. */
function meets({ key, operator, values }: Object, labels: Object): boolean {
  if (typeof key !== 'string') return true
  const has = Object.hasOwn(labels, key)
  const found = fieldOf(labels, key)
  const isIn = has && Array.isArray(values) && (values as readonly Json[]).includes(found)
  switch (operator) {
    case 'In':
      return isIn
    case 'NotIn':
      return !isIn
    case 'Exists':
      return has
    case 'DoesNotExist':
      return !has
    default:
      return true
  }
}
