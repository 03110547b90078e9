/** Tells where a store path came from, as far as this registry and its store know. */
import type { PathInfo } from '../../store/store.ts'

export type Origin =
  /** `machine` is that of a remote builder; absent where the store's own machine built it. */
  | { readonly kind: 'built'; readonly machine: string | undefined }
  /** Names of the keys that signed it. The cache is known where this registry fetched it. */
  | { readonly kind: 'substituted'; readonly cache: string | undefined; readonly keys: readonly string[] }
  | { readonly kind: 'unknown' }

/**
 * @param log of this registry's own build or fetch, if it has one. It names the machine and the cache
 * (registry/work/live-work.ts). A builder's own lines come after the one that says that it began, so they can't lie
 * about it.
 */
export function originOf({ path, deriver, isBuiltHere, signatures }: PathInfo, log = ''): Origin {
  const begun = deriver === undefined ? undefined : firstLine(log, `building ${deriver}`)
  if (begun !== undefined) return { kind: 'built', machine: behind(begun, ' on ') }
  if (isBuiltHere) return { kind: 'built', machine: undefined }
  const fetched = firstLine(log, `fetching ${path}`)
  if (fetched === undefined && signatures.length === 0) return { kind: 'unknown' }
  return { kind: 'substituted', cache: behind(fetched ?? '', ' from '), keys: keysOf(signatures) }
}

function keysOf(signatures: readonly string[]): readonly string[] {
  return [...new Set(signatures.map((signature) => signature.slice(0, signature.indexOf(':'))))].toSorted()
}

/** The rest of the first line that begins so. */
function firstLine(log: string, start: string): string | undefined {
  const at = log.startsWith(start) ? 0 : log.indexOf(`\n${start}`) + 1
  if (at === 0 && !log.startsWith(start)) return undefined
  const end = log.indexOf('\n', at)
  return log.slice(at + start.length, end === -1 ? undefined : end)
}

function behind(text: string, word: string): string | undefined {
  return text.startsWith(word) && text.length > word.length ? text.slice(word.length) : undefined
}
