/** Sorts names by byte value. 200 000 at once would keep all other requests waiting for half a second (measured). */
import type { ByteString } from '../../core/byte-string.ts'
import { setImmediate } from 'node:timers/promises'

/** Names to sort or to merge before other work gets its turn: some milliseconds. */
const RUN = 4_000

/** @param names all different. */
export async function sortedNames(names: readonly ByteString[]): Promise<readonly ByteString[]> {
  let runs: ByteString[][] = []
  for (let at = 0; at < names.length; at += RUN) {
    if (at > 0) await setImmediate()
    runs.push(names.slice(at, at + RUN).sort())
  }
  while (runs.length > 1) {
    const longer: ByteString[][] = []
    for (let i = 0; i < runs.length; i += 2) longer.push(await merged(runs[i] ?? [], runs[i + 1] ?? []))
    runs = longer
  }
  return runs[0] ?? []
}

async function merged(a: readonly ByteString[], b: readonly ByteString[]): Promise<ByteString[]> {
  const names: ByteString[] = []
  let [i, j] = [0, 0]
  for (let first = a[i], second = b[j]; first !== undefined || second !== undefined;) {
    if (names.length % RUN === RUN - 1) await setImmediate()
    if (first !== undefined && (second === undefined || first < second)) {
      names.push(first)
      first = a[++i]
    } else if (second !== undefined) {
      names.push(second)
      second = b[++j]
    }
  }
  return names
}
