/**
 * Writes the lines of answers together, once a turn of the event loop. A write for each line was 7 % of the cost of a
 * manifest, and it wakes the reader of the log each time. A process that is killed loses those of its last turn at most.
 * All other lines are written at once, so that they are there before the answer that follows from them.
 */
import { pino } from 'pino'

/** A stream for pino. */
export type TurnLines = {
  readonly write: (line: string) => void
  readonly flushSync: () => void
  /** Pino notes the message of a line here before it writes the line. */
  lastMsg?: string | undefined
}

/** The bytes of lines that are held before they are written: below the 16 KB of one write. */
const MOST_BYTES = 8 * 1024
/** Has pino note the message (pino, docs/api.md, "metadata"). */
const NOTES_MESSAGE = Symbol.for('pino.metadata')

/**
 * @param mayWait whether a line with this message may be written at the end of the turn.
 * @param descriptor to write to. Default: standard output.
 */
export function turnLines(mayWait: (message: string | undefined) => boolean, descriptor = 1): TurnLines {
  const destination = pino.destination({ dest: descriptor, sync: true, minLength: MOST_BYTES })
  let isWaiting = false
  const flush = () => {
    isWaiting = false
    destination.flushSync()
  }
  process.once('exit', flush)
  const lines: TurnLines & { readonly [NOTES_MESSAGE]: true } = {
    [NOTES_MESSAGE]: true,
    write: (line) => {
      destination.write(line)
      if (!mayWait(lines.lastMsg)) return flush()
      if (isWaiting) return
      isWaiting = true
      setImmediate(flush)
    },
    flushSync: flush,
  }
  return lines
}
