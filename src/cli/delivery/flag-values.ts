/** Reads the values of the flags of a delivery. */
import { faultOfSetName, type SetName } from '../../delivery/set/object-set.ts'
import { UsageError } from '../usage-error.ts'

/** The longest time of a timer: 24 days. */
const MAX_TIMEOUT_S = 2_000_000

/** @param flag its name, for the message. @returns milliseconds. @throws UsageError for what is no number of seconds above 0. */
export function readSeconds(flag: string, text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= MAX_TIMEOUT_S) return seconds * 1000
  throw new UsageError(`${flag} ${text}: expected a number of seconds, at most ${MAX_TIMEOUT_S}`)
}

/** @param flag its name, for the message. @throws UsageError for what is no whole number above 0. */
export function readNumber(flag: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new UsageError(`${flag} ${text}: expected a whole number above 0`)
}

/** @throws UsageError for a name that no set can have. */
export function readSetName(name: string, namespace: string): SetName {
  const fault = faultOfSetName(name)
  if (fault !== undefined) throw new UsageError(fault)
  return { namespace, name }
}

/** @throws UsageError for what is no JSON pointer. */
export function readPointers(pointers: readonly string[]): readonly string[] {
  for (const pointer of pointers)
    if (!pointer.startsWith('/'))
      throw new UsageError(`--ignore ${pointer}: expected a JSON pointer such as /spec/replicas`)
  return pointers
}
