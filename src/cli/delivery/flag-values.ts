/** Reads the values of the flags of a delivery. */
import { faultOfSetName, type SetName } from '../../delivery/set/object-set.ts'
import { UsageError } from '../usage-error.ts'

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
