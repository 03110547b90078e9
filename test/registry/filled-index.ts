/** Digest indexes of a test's own, in directories that end with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { digestOf } from '../../src/core/oci/digest.ts'
import { EMPTY_INDEX } from '../../src/core/oci/image.ts'
import { DigestIndex } from '../../src/registry/state/digest-index.ts'
import { storePath } from '../store-path.ts'

export const ROOT = storePath('/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x')
export const LAYER = { digest: digestOf(Buffer.from('layer')), size: 12_345_678_901 }

export const base = mkdtempSync(join(tmpdir(), 'digest-index-'))
t.teardown(() => rmSync(base, { recursive: true }))

let count = 0
export const newDirectory = () => join(base, `state-${count++}`)
export const fileIn = (directory: string) => join(directory, 'index.sqlite')

/** An index with one row of each kind, closed again. */
export function filled(directory = newDirectory()): string {
  const index = new DigestIndex(directory)
  index.putLayer('key', LAYER)
  index.putManifest(ROOT, EMPTY_INDEX)
  index.close()
  return directory
}

/** Runs SQL on the file, behind the index's back. */
export function change(directory: string, sql: string): void {
  const database = new DatabaseSync(fileIn(directory))
  database.exec(sql)
  database.close()
}

/** What an index that is opened for this alone gives. */
export function use<T>(directory: string, what: (index: DigestIndex) => T): T {
  const index = new DigestIndex(directory)
  try {
    return what(index)
  } finally {
    index.close()
  }
}

/** A failure that names the file and says more than that. */
export function unavailable(directory: string, reason: RegExp) {
  return {
    name: 'RegistryError',
    kind: 'unavailable',
    message: new RegExp(`${fileIn(directory)}.*${reason.source}`, 's'),
  } as const
}
