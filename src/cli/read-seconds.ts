/** Reads the seconds of options such as `--timeout`, in one way for all commands. */
import { UsageError } from './usage-error.ts'

/** The longest time of a timer: 24 days. */
const MAX_SECONDS = 2_000_000

/** @param flag its name, for the message. @returns milliseconds. @throws UsageError for what is no number of seconds above 0. */
export function readSeconds(flag: string, text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds * 1000
  throw new UsageError(`${flag} ${text}: expected a number of seconds, at most ${MAX_SECONDS}`)
}
