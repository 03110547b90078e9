/**
 * JSON as Go's `json.Marshal` writes it, for the image config of nix2container: the same bytes have the same image ID.
 * Source: Go, encoding/json, `HTMLEscape`; OCI image-spec, specs-go/v1/config.go for the order of a struct's fields.
 */
import { isList, type Json } from '../../core/json.ts'

/** A map: keys in byte order. */
export function goJson(value: Json): string {
  if (value === null || typeof value !== 'object') return escaped(JSON.stringify(value))
  if (isList(value)) return `[${value.map(goJson).join()}]`
  const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return goStruct(
    value,
    keys.filter((key) => value[key] !== undefined),
    () => false,
  )
}

/** A struct: fields in its own order, without what is empty where `omits` says so. */
export function goStruct(
  value: { readonly [key: string]: Json | undefined },
  fields: readonly string[],
  omits: (value: Json) => boolean = isEmpty,
): string {
  const parts = fields.flatMap((field) => {
    const item = value[field]
    return item === undefined || omits(item) ? [] : [`${escaped(JSON.stringify(field))}:${goJson(item)}`]
  })
  return `{${parts.join()}}`
}

/** Whether `omitempty` leaves a value out. */
function isEmpty(value: Json): boolean {
  if (value === null || typeof value !== 'object') return !value
  return (isList(value) ? value : Object.keys(value)).length === 0
}

function escaped(json: string): string {
  return json.replaceAll(
    /[<>&\u2028\u2029]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
