/** The entries of a root layer, by their names. */
import { filesOf } from '../support/read-image.ts'
import { rootEntries, type RootFiles } from '../../src/source/root-layer.ts'

export const EMPTY: RootFiles = { contents: [], files: {}, links: {} }

/** Of an image that says this much. */
export async function root(more: Partial<RootFiles>) {
  const entries = await rootEntries(filesOf('/'), { ...EMPTY, ...more })
  return new Map([...entries].map((entry) => [entry.name, entry]))
}

/** What a file holds, where it is held in memory. */
export const textOf = (entry: { readonly content?: Uint8Array } | undefined) =>
  Buffer.from(entry?.content ?? []).toString()
