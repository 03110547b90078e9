/**
 * Reads meaning from Nix's texts, and is the only place that does. Errors of Nix are words, and only its log says why
 * a fetch failed.
 */
import { RegistryError, type ErrorDetail } from '../core/errors/errors.ts'
import type { StoreEvent } from './store.ts'

/** Enough to see what went wrong, little enough for an error body. */
const LINES_KEPT = 20
const ERROR = /^(?:warning: )?error: /
/** The text of ENOSPC, SQLite's, and what Nix adds when a build failed on a disk with less than 8 MB left. */
const NO_SPACE = /No space left on device|disk is full|lack of free disk space/
/** Other failures of a moment and of this machine, in the words of the C library, of SQLite and of Nix. */
const SCARCE = /Disk quota exceeded|database is busy|Cannot allocate memory|Too many open files/
/** How Nix quotes a builder, which may say the same of a disk of its own. */
const QUOTED = /^\s*>/

/** The last lines of the daemon's own, builders' aside. */
export class LastWords {
  readonly #lines: string[] = []

  readonly listen = (event: StoreEvent): void => {
    if (event.kind !== 'log' || event.derivation !== undefined || event.line.trim() === '') return
    this.#lines.push(event.line)
    if (this.#lines.length > LINES_KEPT) this.#lines.shift()
  }

  /** A listener that hears all that `other` hears. */
  alongside(other: (event: StoreEvent) => void): (event: StoreEvent) => void {
    return (event) => {
      this.listen(event)
      other(event)
    }
  }

  get lines(): readonly string[] {
    return [...this.#lines]
  }

  get lastError(): string | undefined {
    return this.#lines.findLast((line) => ERROR.test(line))?.replace(ERROR, '')
  }
}

/** @throws RegistryError `no-space` when Nix says that the disk is full: room may be made, and then it works. */
export function throwIfNoSpace(texts: readonly string[], cause: unknown, detail: ErrorDetail): void {
  const reason = texts
    .flatMap((text) => text.split('\n'))
    .find((line) => NO_SPACE.test(line) && !QUOTED.test(line))
  if (reason === undefined) return
  throw new RegistryError('no-space', `no space left where Nix works: ${reason.replace(ERROR, '')}`, {
    cause,
    detail: { ...detail, reason: reason.trim() },
  })
}

/** Whether what somebody said, be it a builder, is of the machine's state just then. */
export function isPassing(text: string): boolean {
  return NO_SPACE.test(text) || SCARCE.test(text)
}

/** The line of a message that says what is wrong: the first, with those that it only announces. */
export function headline(message: string): string {
  const [first = '', ...rest] = message.split('\n').map((line) => line.trim())
  // `hash mismatch in fixed-output derivation '…':` and the two hashes.
  if (first.endsWith(':')) return [first, ...rest.slice(0, 2)].join(' ').trim()
  // Nix 2.31 and later: `Cannot build '…'.` and `Reason: builder failed with exit code 1.`
  if (/^Cannot build '.*'\.$/.test(first) && rest[0] !== undefined) return `${first} ${rest[0]}`
  return first
}
