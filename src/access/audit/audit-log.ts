/**
 * The audit log: one JSON line for each event, in the order of the events. Lines are written at once, so that none is
 * lost with the process. A file that can't be written is told once and stops nothing: who fills a disk must not be
 * able to stop all pulls. What was lost is counted in the next line that is written.
 */
import { closeSync, constants, fstatSync, openSync, statSync, writeSync } from 'node:fs'
import { RegistryError } from '../../core/errors/errors.ts'
import type { AuditEvent } from '../audit-event.ts'

export type AuditLogOptions = {
  /** A path, or `-` for standard output. */
  readonly file: string
  /** Hears that lines are lost. Once, until one can be written again. */
  readonly onTrouble: (error: RegistryError) => void
  readonly now?: () => Date
}

const OWNER_ONLY = 0o600
const STANDARD_OUTPUT = 1
/** How often the file's name is looked at: tools that rotate logs rename the file. */
const LOOK_EVERY_MS = 1_000

export class AuditLog {
  readonly #options: AuditLogOptions
  readonly #now: () => Date
  #descriptor: number
  #lookedAt = performance.now()
  #lost = 0

  /** @throws RegistryError `unavailable` for a file that can't be opened. */
  constructor(options: AuditLogOptions) {
    this.#options = options
    this.#now = options.now ?? (() => new Date())
    this.#descriptor = this.#open()
  }

  readonly write = (event: AuditEvent): void => {
    const lost = this.#lost === 0 ? {} : { lost: this.#lost }
    const line = `${JSON.stringify({ time: this.#now().toISOString(), ...event, ...lost })}\n`
    try {
      this.#followName()
      writeSync(this.#descriptor, line)
      this.#lost = 0
    } catch (cause) {
      this.#lost += 1
      if (this.#lost === 1)
        this.#options.onTrouble(
          new RegistryError('unavailable', `audit log ${this.#options.file}: cannot be written`, { cause }),
        )
    }
  }

  /** Opens the file by its name again, as after a SIGHUP. */
  reopen(): void {
    if (this.#options.file === '-') return
    try {
      const before = this.#descriptor
      this.#descriptor = this.#open()
      closeSync(before)
    } catch (error) {
      if (error instanceof RegistryError) this.#options.onTrouble(error)
      else throw error
    }
  }

  close(): void {
    if (this.#options.file !== '-') closeSync(this.#descriptor)
  }

  #open(): number {
    const { file } = this.#options
    if (file === '-') return STANDARD_OUTPUT
    try {
      return openSync(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, OWNER_ONLY)
    } catch (cause) {
      throw new RegistryError('unavailable', `audit log ${file}: cannot be opened`, { cause })
    }
  }

  /** The file of the name may be another one by now. */
  #followName(): void {
    const { file } = this.#options
    const now = performance.now()
    if (file === '-' || now - this.#lookedAt < LOOK_EVERY_MS) return
    this.#lookedAt = now
    const named = statSync(file, { throwIfNoEntry: false })
    const { ino, dev } = fstatSync(this.#descriptor)
    if (named === undefined || named.ino !== ino || named.dev !== dev) this.reopen()
  }
}
