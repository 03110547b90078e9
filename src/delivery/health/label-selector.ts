/** A selector in the form that requests take: `app=web,tier in (a,b),!old`. */
import { fieldAt, listAt, textAt, textsAt } from '../../core/json-fields.ts'
import { isObject, type Json } from '../../core/json.ts'

/** @returns nothing for a selector that is missing or has no condition. */
export function labelSelector(selector: Json | undefined): string | undefined {
  const labels = fieldAt(selector, 'matchLabels')
  const equal = isObject(labels)
    ? Object.entries(labels).map(([name, value]) => `${name}=${typeof value === 'string' ? value : ''}`)
    : []
  const text = [...equal, ...listAt(selector, 'matchExpressions').flatMap(expressionText)].join(',')
  return text === '' ? undefined : text
}

function expressionText(expression: Json): readonly string[] {
  const key = textAt(expression, 'key') ?? ''
  const values = textsAt(expression, 'values').join(',')
  switch (textAt(expression, 'operator')) {
    case 'In':
      return [`${key} in (${values})`]
    case 'NotIn':
      return [`${key} notin (${values})`]
    case 'Exists':
      return [key]
    case 'DoesNotExist':
      return [`!${key}`]
    default:
      return []
  }
}
