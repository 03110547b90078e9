/**
 * The log of one piece of work while it goes on, in memory and bounded: its head and its tail, and how much was left
 * out between them. A build that prints 100 MB costs 1 MB, however many follow it and however slowly: followers ask
 * for what comes after the line they have, and are told how many lines they missed.
 */

/** Facts of a log beside its lines. Bytes are those of its lines as UTF-8, line ends included. */
export type LogExtent = {
  readonly lines: number
  readonly bytes: number
  /** Lines before the gap, if there is one. */
  readonly headLines: number
  readonly omittedLines: number
  readonly omittedBytes: number
}

/** A piece of a log for a follower. */
export type LogPiece = {
  readonly lines: readonly string[]
  /** Lines before these that are gone. */
  readonly missed: number
  /** The number of the line after these, from 0. */
  readonly next: number
}

export type LogLimits = {
  readonly headBytes: number
  readonly tailBytes: number
  /** Lines are cut at as many characters. */
  readonly lineLength: number
}

/** The beginning says what was run and the end why it stopped; 1 MB is 10,000 lines, more than anyone reads. */
const LOG_LIMITS: LogLimits = {
  headBytes: 512 * 1024,
  tailBytes: 512 * 1024,
  lineLength: 16 * 1024,
}
/** The tail loses so many parts of itself at a time; finer would cost more per line. */
const TAIL_BLOCKS = 16
/** The size of a piece: little enough for one write to a client. */
const PIECE_BYTES = 64 * 1024

type Block = { readonly first: number; readonly lines: string[]; bytes: number }

export class WorkLog {
  readonly #limits: LogLimits
  #head: Block = { first: 0, lines: [], bytes: 0 }
  #isHeadFull = false
  readonly #tail: Block[] = []
  #lines = 0
  #bytes = 0
  #tailBytes = 0
  #omittedBytes = 0

  constructor(limits: LogLimits = LOG_LIMITS) {
    this.#limits = limits
  }

  /** A log that was written down. @param extent what it had; without one `text` is all of it. */
  static restored(text: string, extent?: LogExtent): WorkLog {
    const log = new WorkLog()
    const lines = text.split('\n').slice(0, -1)
    const { headLines, omittedLines } = extent ?? { headLines: lines.length, omittedLines: 0 }
    log.#head = { first: 0, lines: lines.slice(0, headLines), bytes: 0 }
    // The line between them is the note of the gap.
    const tail = lines.slice(omittedLines === 0 ? headLines : headLines + 1)
    if (tail.length > 0) log.#tail.push({ first: headLines + omittedLines, lines: tail, bytes: 0 })
    log.#lines = headLines + omittedLines + tail.length
    log.#bytes = extent?.bytes ?? Buffer.byteLength(text)
    log.#omittedBytes = extent?.omittedBytes ?? 0
    return log
  }

  /** @returns what belongs to the head, and can be written down at once; nothing for a line of the tail. */
  append(line: string): string | undefined {
    const kept = cut(line, this.#limits.lineLength)
    const bytes = Buffer.byteLength(kept) + 1
    const number = this.#lines++
    this.#bytes += bytes
    this.#isHeadFull ||= this.#head.bytes + bytes > this.#limits.headBytes
    if (!this.#isHeadFull) {
      this.#head.lines.push(kept)
      this.#head.bytes += bytes
      return kept
    }
    const last = this.#tail.at(-1)
    if (last === undefined || last.bytes + bytes > this.#limits.tailBytes / TAIL_BLOCKS)
      this.#tail.push({ first: number, lines: [kept], bytes })
    else {
      last.lines.push(kept)
      last.bytes += bytes
    }
    this.#tailBytes += bytes
    while (this.#tailBytes > this.#limits.tailBytes && this.#tail.length > 1) {
      const { bytes: dropped = 0 } = this.#tail.shift() ?? {}
      this.#tailBytes -= dropped
      this.#omittedBytes += dropped
    }
    return undefined
  }

  get extent(): LogExtent {
    const headLines = this.#head.lines.length
    return {
      lines: this.#lines,
      bytes: this.#bytes,
      headLines,
      omittedLines: (this.#tail[0]?.first ?? headLines) - headLines,
      omittedBytes: this.#omittedBytes,
    }
  }

  /** The lines from number `from` on that are still here, as many as fit in a piece; none when there are no more. */
  read(from: number): LogPiece {
    const block = [this.#head, ...this.#tail].find(({ first, lines }) => first + lines.length > from)
    if (block === undefined) return { lines: [], missed: 0, next: Math.max(from, this.#lines) }
    const start = Math.max(from, block.first)
    const lines: string[] = []
    let room = PIECE_BYTES
    for (const line of iterate(block.lines, start - block.first)) {
      room -= line.length
      if (room < 0 && lines.length > 0) break
      lines.push(line)
    }
    return { lines, missed: start - from, next: start + lines.length }
  }

  /** The text behind the head: the gap, if there is one, and the tail. */
  get tailText(): string {
    const { omittedLines, omittedBytes } = this.extent
    const gap = omittedLines === 0 ? '' : `${gapNote(omittedLines, omittedBytes)}\n`
    return gap + this.#tail.map(({ lines }) => textOf(lines)).join('')
  }

  get text(): string {
    return textOf(this.#head.lines) + this.tailText
  }
}

/** The line that stands in a log for those left out of it. */
export function gapNote(lines: number, bytes?: number): string {
  const size = bytes === undefined ? '' : ` (${bytes} bytes)`
  return `[pushless: ${lines} lines${size} left out here]`
}

function* iterate(lines: readonly string[], from: number): Generator<string> {
  for (let at = from; at < lines.length; at++) yield lines[at] ?? ''
}

function textOf(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/** A copy, since a part of a string keeps all of it. */
function cut(line: string, length: number): string {
  if (line.length <= length) return line
  return `${Buffer.from(line.slice(0, length)).toString()} \u2026 (cut)`
}
