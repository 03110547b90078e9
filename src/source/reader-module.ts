/** The part of reader-work.ts that runs on a reader thread. */
import type { StoreDirectory } from '../core/nix/store-directory.ts'
import { closureFiles } from './files/closure-files.ts'
import { LOOK_AT_ONCE } from './files/look.ts'
import { carryOut, type ReaderResult, type ReaderWork } from './reader-work.ts'

/** The name that reader threads call: see layer/worker.ts. */
export function run(
  { root, members, ...work }: ReaderWork,
  directory: StoreDirectory,
): Promise<ReaderResult> {
  const closure = new Set(members)
  return carryOut(
    closureFiles(root, async () => closure, directory, { look: LOOK_AT_ONCE }),
    work,
  )
}
