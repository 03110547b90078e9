/**
 * JSON as Python's `json.dumps(value, indent=4)` writes it. Equal but for what JSON.parse loses: the order of keys that
 * are whole numbers, and numbers that a double doesn't hold or that are written otherwise (`1.0`).
 */
import type { Json } from '../../core/json.ts'

export function pythonJson(value: Json, indent = ''): string {
  if (value === null || typeof value !== 'object') return ascii(JSON.stringify(value))
  const inner = `${indent}    `
  const isList = isArray(value)
  const items = isList
    ? value.map((item) => pythonJson(item, inner))
    : Object.entries(value).map(([key, item]) => `${ascii(JSON.stringify(key))}: ${pythonJson(item, inner)}`)
  const [open, close] = isList ? ['[', ']'] : ['{', '}']
  return items.length === 0
    ? `${open}${close}`
    : `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`
}

function ascii(json: string): string {
  return json.replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
