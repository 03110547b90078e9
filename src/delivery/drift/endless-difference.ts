/**
 * Finds differences that come back after each correction: a controller or another deliverer writes its own value, or a
 * webhook that a dry run doesn't ask. After three corrections such a difference is reported with its probable writer, and no longer fought. It is
 * forgotten when the desired or the live value becomes another, or when three looks in a row didn't find it.
 */
import { createHash } from 'node:crypto'
import type { Json } from '../../core/json.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import type { Difference } from './differences.ts'
import { managedEntries, stepOf, type FieldSet, type ManagedEntry } from './managed-fields.ts'
import { enter, isSame, type FieldPath } from './field-path.ts'

export type EndlessDifference = Difference & {
  /** For people: the manager that owns the field, or a webhook. */
  readonly writer: string
}

export type JudgedDifferences = {
  /** To be corrected. */
  readonly fought: readonly Difference[]
  readonly endless: readonly EndlessDifference[]
}

const MAX_CORRECTIONS = 3
const MAX_CLEAN_LOOKS = 3

type Known = { readonly hash: string; readonly corrections: number; readonly cleanLooks: number }

/** Remembers what was corrected, in memory: a new process fights three rounds again. */
export class EndlessDifferences {
  readonly #objects = new Map<string, ReadonlyMap<string, Known>>()
  readonly #fieldManager: string

  constructor(fieldManager = 'pushless') {
    this.#fieldManager = fieldManager
  }

  /**
   * To be called at each look, before the correction. What it returns as fought counts as corrected.
   * @param key that no other object has, such as its UID.
   */
  judge(key: string, live: LiveObject, differences: readonly Difference[]): JudgedDifferences {
    const before = this.#objects.get(key)
    const after = new Map<string, Known>()
    const judged = differences.map((difference) => {
      const hash = hashOf(difference)
      const known = before?.get(difference.readable)
      const corrections = known?.hash === hash ? known.corrections : 0
      const isEndless = corrections >= MAX_CORRECTIONS
      after.set(difference.readable, {
        hash,
        corrections: isEndless ? corrections : corrections + 1,
        cleanLooks: 0,
      })
      return { difference, isEndless }
    })
    for (const [path, known] of before ?? []) {
      const cleanLooks = known.cleanLooks + 1
      if (!after.has(path) && cleanLooks < MAX_CLEAN_LOOKS) after.set(path, { ...known, cleanLooks })
    }
    if (after.size === 0) this.#objects.delete(key)
    else this.#objects.set(key, after)
    return {
      fought: judged.flatMap(({ difference, isEndless }) => (isEndless ? [] : [difference])),
      endless: judged.flatMap(({ difference, isEndless }) =>
        isEndless
          ? [{ ...difference, writer: probableWriter(live, difference.steps, this.#fieldManager) }]
          : [],
      ),
    }
  }

  /** For an object that is gone, or whose set is. */
  forget(key: string): void {
    this.#objects.delete(key)
  }
}

/**
 * Returns who probably writes a field, for people. A mutating webhook is no manager: what it changes in an apply is
 * owned by nobody, or stays with the manager of the apply.
 */
export function probableWriter(live: LiveObject, path: FieldPath, fieldManager = 'pushless'): string {
  const [newest] = managedEntries(live)
    .filter((entry) => entry.manager !== fieldManager && isOwned(entry.fields, live, path))
    .toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))
  return newest === undefined
    ? 'a mutating webhook, or the server itself'
    : `${newest.manager}${ending(newest)}`
}

function ending({ subresource }: ManagedEntry): string {
  return subresource === '' ? '' : ` (${subresource})`
}

/** Whether a set has the path itself, or something below it. */
function isOwned(set: FieldSet, value: Json | undefined, [head, ...rest]: FieldPath): boolean {
  if (head === undefined) return true
  const wanted = enter(value, head)
  for (const [key, child] of set.children) {
    const step = stepOf(key)
    if (step === undefined) continue
    // An item is known by its place, since both may name it by other keys.
    const isIt =
      isSame(step, head) || (wanted?.index !== undefined && enter(value, step)?.index === wanted.index)
    // A list without keys is owned as a whole.
    if (isIt) return child.children.size === 0 ? child.isOwned : isOwned(child, wanted?.value, rest)
  }
  return false
}

function hashOf({ kind, live, desired }: Difference): string {
  const text = JSON.stringify([kind, sorted(live ?? null), sorted(desired ?? null)])
  return createHash('sha256').update(text).digest('base64url')
}

function sorted(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted)
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, child]) => [name, sorted(child)]),
  )
}
