/**
 * Lines on a terminal that are drawn again in place. Each frame is one write that overwrites the last, so nothing
 * flickers.
 */
export type Terminal = {
  readonly columns?: number
  readonly rows?: number
  readonly write: (text: string) => unknown
}

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

export class LiveLines {
  readonly #terminal: Terminal
  #drawn: readonly string[] = []
  #isBegun = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Draws lines over the last ones. @param above lines that stay above them from now on. */
  draw(lines: readonly string[], above: readonly string[] = []): void {
    if (this.#isBegun && above.length === 0 && lines.join('\n') === this.#drawn.join('\n')) return
    this.#write(lines, above, '')
  }

  /** Draws lines that stay, and gives the cursor back. */
  end(lines: readonly string[], above: readonly string[] = []): void {
    this.#write(lines, above, SHOW_CURSOR)
  }

  #write(lines: readonly string[], above: readonly string[], after: string): void {
    const before = this.#isBegun ? '' : HIDE_CURSOR
    const up = this.#drawn.length === 0 ? '' : `\x1b[${this.#drawn.length}A`
    const text = [...above, ...lines].map((line) => `${line}${CLEAR_LINE}\n`).join('')
    this.#terminal.write(`${before}\r${up}${text}${CLEAR_BELOW}${after}`)
    this.#drawn = lines
    this.#isBegun = true
  }
}
