/** Values of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Whether a value is a list. Narrows to a readonly one, as `Array.isArray` does not. */
export function isList<T>(value: T): value is Extract<T, readonly unknown[]> {
  return Array.isArray(value)
}

export function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !isList(value)
}

/** @throws SyntaxError for text that isn't JSON. */
export function parseJson(text: string): Json {
  return JSON.parse(text) as Json
}
