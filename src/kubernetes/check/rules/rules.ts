/**
 * The rules of the API server beyond its schema. They are data, manifests/schema/rules.json, so that this checker and
 * the one in Nix (manifests/check/rules/check-rules.nix) can't differ. Each rule belongs to a definition of the schema
 * and has a path:
 *
 *   "containerPort"                     a field
 *   "containers|initContainers/[]/name" a field of each item of two lists (`[]` is also each value of a map)
 *   "metadata/annotations/a.b~1c"       a field whose name has a slash
 *   ""                                  the value itself
 *
 * A rule about a value that is absent or has a wrong type reports nothing, because the schema's check reports it.
 */
import type { Json } from '../../../core/json.ts'

/** Range of a number; null is no limit. */
export type Range = readonly [least: number | null, most: number | null]

export type Condition = {
  /** Path of one field. */
  readonly at: string
  /** The value is one of these. */
  readonly is?: readonly Json[]
  /** The value is not one of these. */
  readonly isNot?: readonly Json[]
  /** The value that counts where the field is absent. */
  readonly default?: Json
  /** The field is present and not empty. */
  readonly has?: boolean
  /** The list has more items than this. */
  readonly more?: number
}

/** The questions that a rule can ask. Several questions in one rule are asked in this order. */
type Question = {
  /** The value is present and not empty. The text says what is expected. */
  readonly filled?: string
  /** The value is present, and may be empty. The text says what is expected. */
  readonly present?: string
  /** The value is absent or empty. The text says why. */
  readonly none?: string
  /** A number, or the number in an intOrString or quantity, is in this range. */
  readonly range?: Range
  /** The text has this form, by its name in `Rules.texts`. Empty texts count as absent. */
  readonly text?: string
  /** The keys of the object have this form. */
  readonly keys?: string
  readonly words?: readonly Json[]
  readonly notWords?: readonly Json[]
  /** At least and at most so many of these fields (paths) are present. */
  readonly fields?: { readonly of: readonly string[]; readonly least: 0 | 1; readonly most?: number }
  /** Number of items or keys. */
  readonly count?: Range
  /** Largest number of bytes in the texts of an object, keys not counted. */
  readonly bytes?: number
  /**
   * No two items agree in all of these fields. `protocol=TCP` has a default; an item without a field counts for none.
   */
  readonly differ?: readonly string[]
  /** The value is among those at these paths. */
  readonly from?: { readonly paths: readonly string[]; readonly what: string }
  /** The label selector, or plain map of labels, isn't empty and matches the labels at this path. */
  readonly selects?: string
  /** The number or quantity is at most the one at this path; of a map, each at most the one with its key. */
  readonly upTo?: string
  /** The object has none of the keys that the one at this path has. */
  readonly apart?: string
  /** The number is above the one at this path. */
  readonly above?: string
  /** The text is what is at these paths, with dots between. */
  readonly joins?: readonly string[]
}

export type Rule = Question & {
  readonly at: string
  /** Path of the values that all other paths start from, where these aren't the value of the definition itself. */
  readonly each?: string
  /** The rule applies where all of these hold. */
  readonly when?: readonly Condition[]
  /** The API server accepts it, so that it is reported as a warning. */
  readonly warning?: true
}

/** A form of texts. Patterns mean the same in JavaScript and in POSIX, and match the whole text. */
export type TextForm = {
  readonly pattern: string
  /** The text must not match this one. */
  readonly not?: string
  /** Characters. */
  readonly max?: number
  readonly expected: string
}

export type Rules = {
  readonly texts: { readonly [name: string]: TextForm }
  /** Form of an object's name by kind, `v1/Service`. The entry `default` is for all other kinds. */
  readonly names: { readonly [kind: string]: string }
  /** Fields that the schema requires, and the server does not. */
  readonly optional: { readonly [definition: string]: readonly string[] }
  /** Fields that the server accepts without a look at these rules: their problems are warnings. */
  readonly lenient: { readonly [definition: string]: readonly string[] }
  readonly definitions: { readonly [name: string]: readonly Rule[] }
}
