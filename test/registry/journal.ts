/** A journal of a test's own, which ends with the test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { WorkJournal, type JournalOptions } from '../../src/registry/work/work-journal.ts'

/** Remembers failures for a minute, and fails the test where it can't write. */
export function journalIn(t: Test, options: Partial<JournalOptions> = {}): WorkJournal {
  const directory = options.directory ?? stateDirectory(t)
  const journal = new WorkJournal({
    directory,
    failureMs: 60_000,
    logBytes: 100e6,
    onTrouble: (error) => t.fail('the journal could not be written', { error }),
    ...options,
  })
  t.teardown(() => journal.close())
  return journal
}

/** Gone when the test is, and whatever writes there has ended. */
export function stateDirectory(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'pushless-journal-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  return directory
}
