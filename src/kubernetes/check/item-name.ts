import { isObject, type Json } from '../../core/json.ts'
import type { FieldType } from './schema.ts'

/** Returns the name by which a message calls an item of a list: that of its key, or its index. */
export function itemName(type: FieldType, index: number, one: Json): string | number {
  const list = typeof type === 'object' && 'items' in type ? type : undefined
  const key = list?.mergeKey ?? list?.keys?.[0]
  const name = key !== undefined && isObject(one) ? one[key] : undefined
  return typeof name === 'string' ? name : index
}
