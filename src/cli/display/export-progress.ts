/**
 * How far an export is: one line drawn again and again on a terminal, lines of JSON for programs, or nothing. Drawn as
 * bytes pass, not by a clock: where nothing passes, nothing changes.
 */
import type { Terminal } from './live-lines.ts'

type ExportTotals = {
  /** In the archive, before it is compressed. */
  readonly bytes: number
  readonly layers: number
  readonly images: readonly { readonly name: string; readonly digest: string }[]
}

export type ExportProgress = {
  /** Something has to be built or fetched first. */
  readonly making: (what: string) => void
  readonly log: (line: string) => void
  readonly began: (totals: ExportTotals) => void
  readonly passed: (bytes: number) => void
  readonly layerEnded: () => void
  readonly ended: () => void
  /** Leaves the terminal as other programs expect it. */
  readonly failed: () => void
}

export const SILENT: ExportProgress = {
  making: () => undefined,
  log: () => undefined,
  began: () => undefined,
  passed: () => undefined,
  layerEnded: () => undefined,
  ended: () => undefined,
  failed: () => undefined,
}

const FRAME_MS = 200
const DEFAULT_COLUMNS = 80
const CLEAR_LINE = '\x1b[K'

export function terminalProgress(
  terminal: Terminal,
  clock: () => number = () => performance.now(),
): ExportProgress {
  const counted = counter(clock)
  let drawn = 0
  const draw = (text: string) =>
    terminal.write(`\r${text.slice(0, (terminal.columns ?? DEFAULT_COLUMNS) - 1)}${CLEAR_LINE}`)
  return {
    making: (what) => void terminal.write(`making ${what}\n`),
    log: (line) => void terminal.write(`${line}\n`),
    began: (totals) => {
      counted.began(totals)
      drawn = clock()
    },
    passed: (bytes) => {
      counted.passed(bytes)
      if (clock() - drawn < FRAME_MS) return
      drawn = clock()
      draw(frameOf(counted.state()))
    },
    layerEnded: counted.layerEnded,
    ended: () => {
      const { totals, layers, bytes, seconds } = counted.state()
      draw('')
      for (const { name, digest } of totals.images) terminal.write(`${name}@${digest}\n`)
      terminal.write(`${layers} layers, ${megabytes(bytes)} in ${seconds.toFixed(1)} s\n`)
    },
    failed: () => void draw(''),
  }
}

/** One object when it begins, one for each layer, and a last one with `"state":"done"`. */
export function jsonProgress(
  write: (text: string) => void,
  clock: () => number = () => performance.now(),
): ExportProgress {
  const counted = counter(clock)
  const print = (value: object) => write(`${JSON.stringify(value)}\n`)
  return {
    making: (what) => print({ state: 'making', path: what }),
    log: () => undefined,
    began: (totals) => {
      counted.began(totals)
      print({ state: 'begun', ...totals })
    },
    passed: counted.passed,
    layerEnded: () => {
      counted.layerEnded()
      const { layers, bytes } = counted.state()
      print({ state: 'writing', layers, bytes })
    },
    ended: () => {
      const { layers, bytes, seconds } = counted.state()
      print({ state: 'done', layers, bytes, seconds: Math.round(seconds * 1000) / 1000 })
    },
    failed: () => undefined,
  }
}

type Count = {
  readonly totals: ExportTotals
  readonly layers: number
  readonly bytes: number
  readonly seconds: number
}

/** `83.1 of 151.3 MB, 7 of 58 layers, 512 MB/s`. */
function frameOf({ totals, layers, bytes, seconds }: Count): string {
  const rate = seconds > 0 ? `, ${(bytes / 1e6 / seconds).toFixed(0)} MB/s` : ''
  return `${(bytes / 1e6).toFixed(1)} of ${megabytes(totals.bytes)}, ${layers} of ${totals.layers} layers${rate}`
}

function counter(clock: () => number) {
  let totals: ExportTotals = { bytes: 0, layers: 0, images: [] }
  let start = 0
  let bytes = 0
  let layers = 0
  return {
    began: (all: ExportTotals) => {
      totals = all
      start = clock()
    },
    passed: (count: number) => void (bytes += count),
    layerEnded: () => void (layers += 1),
    state: (): Count => ({ totals, layers, bytes, seconds: (clock() - start) / 1000 }),
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
