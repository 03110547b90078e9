/** A build and a fetch, as a journal hears of them. */
import { RegistryError } from '../../src/core/errors/errors.ts'
import { parseStorePath, type StorePath } from '../../src/core/nix/store-path.ts'
import type { WorkJournal } from '../../src/registry/work/work-journal.ts'

export const BUILD = buildOf('aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-hello-2.12.drv')
export const MADE = path('bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-hello-2.12')
export const FETCH = { kind: 'fetch', path: MADE } as const
export const FAILURE = new RegistryError('build-failed', 'nix build failed: x', {
  detail: { derivation: BUILD.derivation, status: 'PermanentFailure', log: ['last'] },
})

function path(base: string): StorePath {
  const parsed = parseStorePath(`/nix/store/${base}`)
  if (parsed === undefined) throw new Error(base)
  return parsed
}

/** @param base the name of its derivation. */
export function buildOf(base: string) {
  return { kind: 'build', derivation: path(base), output: 'out' } as const
}

/** A line that the build prints. */
export const log = (line: string) => ({ kind: 'log', line, derivation: BUILD.derivation }) as const

/** The whole course of a work, which ends well without an error. */
export function run(journal: WorkJournal, error?: unknown, work: typeof BUILD | typeof FETCH = BUILD): void {
  journal.begin(work, MADE)
  journal.hear(work, { kind: 'started' })
  journal.hear(work, log('hello'))
  journal.hear(work, error === undefined ? { kind: 'done' } : { kind: 'failed', error })
}
