/** Opens the database of a directory of advisories, after files that are new or changed have been loaded. */
import { stat } from 'node:fs/promises'
import { RegistryError } from '../../core/errors/errors.ts'
import { explainSystemError } from '../../core/errors/system-error.ts'
import { openAdvisories, type AdvisoryStore } from '../../insight/vulnerability/advisory/advisory-store.ts'
import type { LoadCounts } from '../../insight/vulnerability/load/load-file.ts'
import {
  changedFiles,
  goneFiles,
  updateAdvisories,
} from '../../insight/vulnerability/load/update-advisories.ts'

/**
 * Reports on standard error what it loads.
 * @throws RegistryError `malformed` for damaged files; `unavailable` for a directory that can't be used.
 */
export async function openFreshAdvisories(directory: string): Promise<AdvisoryStore> {
  await stat(directory).catch((cause: unknown) => {
    const advice = 'name the directory of advisories with --advisories'
    throw new RegistryError('unavailable', `${explainSystemError(cause, directory) ?? directory}; ${advice}`)
  })
  const changed = await changedFiles(directory)
  const gone = await goneFiles(directory)
  if (changed.length > 0 || gone.length > 0) {
    const counts = await updateAdvisories(directory, changed, {
      isFresh: false,
      onFile: (file) => process.stderr.write(`loading ${file}\n`),
    })
    process.stderr.write(`${countsText(counts)}\n`)
  }
  return openAdvisories(directory)
}

/** One line about a load. */
export function countsText({ nvd, osv, exploited, vex, skipped, firstSkipped }: LoadCounts): string {
  const counts = `loaded ${nvd} CVEs of NVD, ${osv} records of OSV, ${exploited} of KEV, ${vex} VEX statements`
  return skipped === 0
    ? counts
    : `${counts}; skipped ${skipped} entries that cannot be used, first ${firstSkipped}`
}
