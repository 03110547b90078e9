/**
 * Writes the lines of one turn of the event loop together. A write for each line was 7 % of what a manifest costs, and it
 * wakes the reader of the log each time. A process that is killed loses the lines of its last turn at most.
 */
import { pino } from 'pino'

/** A stream for pino. It writes at once when a line is fatal. */
export type TurnLines = { readonly write: (line: string) => void; readonly flushSync: () => void }

/** The lines of a turn that are held before they are written: below the 16 KB of one write. */
const MOST_BYTES = 8 * 1024

/** @param descriptor to write to. Default: standard output. */
export function turnLines(descriptor = 1): TurnLines {
  const destination = pino.destination({ dest: descriptor, sync: true, minLength: MOST_BYTES })
  let isWaiting = false
  const flush = () => {
    isWaiting = false
    destination.flushSync()
  }
  process.once('exit', flush)
  return {
    write: (line) => {
      destination.write(line)
      if (isWaiting) return
      isWaiting = true
      setImmediate(flush)
    },
    flushSync: flush,
  }
}
