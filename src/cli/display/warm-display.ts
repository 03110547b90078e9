/**
 * The progress of many images on a terminal: one line each, drawn again in place. What has too many lines for the
 * screen is shown in full at the end.
 */
import { stripVTControlCharacters } from 'node:util'
import { describePlace } from '../../kubernetes/references/place.ts'
import { LiveLines, type Terminal } from './live-lines.ts'
import type { Progress, Reporter, Summary, WarmState } from './warm-progress.ts'

/** Often enough for eyes; seconds are counted whole. */
const FRAME_MS = 200
const COLOR: Readonly<Partial<Record<WarmState, string>>> = { ready: '\x1b[32m', failed: '\x1b[31m' }
const NO_COLOR = '\x1b[39m'
/** The longest state, and its column. */
const STATE_WIDTH = 'building'.length
/** The number of characters of a hash that people compare. */
const HASH_SHOWN = 7
const LOG_LINES_SHOWN = 20

export function terminalReporter(
  terminal: Terminal,
  images: readonly Progress[],
  hasColor: boolean,
): Reporter {
  const live = new LiveLines(terminal)
  let isEnded = false
  const start = performance.now()
  const frame = () => frameOf(images, performance.now() - start, terminal, hasColor)
  const timer = setInterval(() => live.draw(frame()), FRAME_MS)
  live.draw(frame())
  return {
    // What changes is seen in the next frame.
    changed: () => undefined,
    ended: (summary) => {
      if (isEnded) return
      isEnded = true
      clearInterval(timer)
      const whole = { columns: terminal.columns ?? DEFAULT_COLUMNS, rows: Infinity }
      const last = frameOf(images, summary.seconds * 1000, whole, hasColor).slice(0, -1)
      live.end([...last, describeSummary(summary)])
      terminal.write(images.map(explainFailure).join(''))
    },
  }
}

/** The width where the terminal doesn't report one. */
const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24

/**
 * Returns the lines that are shown now: the images, or as many as fit, with active ones first, and a line that counts
 * all.
 * @param elapsed milliseconds since the beginning.
 */
export function frameOf(
  images: readonly Progress[],
  elapsed: number,
  { columns = DEFAULT_COLUMNS, rows = DEFAULT_ROWS }: Pick<Terminal, 'columns' | 'rows'>,
  hasColor: boolean,
): readonly string[] {
  // Below the count is the line with the cursor.
  const room = Math.max(1, rows - 2)
  const chosen = new Set(images.toSorted((a, b) => urgency(a) - urgency(b)).slice(0, room))
  const nameWidth = Math.min(
    Math.max(0, ...images.map((image) => shortName(image).length)),
    Math.max(10, Math.floor(columns / 2)),
  )
  const lines = images
    .filter((image) => chosen.has(image))
    .map((image) => {
      const state = image.state.padEnd(STATE_WIDTH)
      const text = `${state} ${timeOf(image)}  ${shortName(image).slice(0, nameWidth).padEnd(nameWidth)}  ${newsOf(image)}`
      // The last column stays free: some terminals go to the next line there.
      const cut = fit(text, columns - 1)
      const color = hasColor ? COLOR[image.state] : undefined
      return color === undefined
        ? cut
        : `${color}${cut.slice(0, STATE_WIDTH)}${NO_COLOR}${cut.slice(STATE_WIDTH)}`
    })
  const states = ['ready', 'failed', 'building', 'fetching', 'waiting', 'queued'] as const
  const counts = states.flatMap((state) => {
    const count = images.filter((image) => image.state === state).length
    return count === 0 ? [] : [`${count} ${state}`]
  })
  return [...lines, fit(`${counts.join(', ')}; ${duration(elapsed)}`, columns - 1)]
}

/** Order of the lines: what happens now, what failed, what will happen, what is over. */
function urgency({ state }: Progress): number {
  return ['building', 'fetching', 'waiting', 'failed', 'queued', 'ready'].indexOf(state)
}

/** `vrz0v9k-web`: the name of an image as people compare it. */
export function shortName({ name }: Pick<Progress, 'name'>): string {
  const base = name.slice(name.lastIndexOf('/') + 1)
  return base.replace(/^([0-9a-z]{32})/, (hash) => hash.slice(0, HASH_SHOWN)).replace(/:(?:nix|latest)$/, '')
}

function timeOf({ began, ended }: Progress): string {
  const text = began === undefined ? '' : duration((ended ?? performance.now()) - began)
  return text.padStart('59 min'.length)
}

/** Whole seconds, so that lines change once a second. */
function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 100) return `${seconds} s`
  return seconds < 6000 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`
}

/** The work for an image at present, or the reason why it failed. */
export function newsOf({ state, path, line, errors }: Progress): string {
  if (state === 'ready' || state === 'queued') return ''
  if (state === 'failed') return errors?.[0]?.message ?? ''
  const at = path?.replace(/^\/nix\/store\/[0-9a-z]{32}-/, '').replace(/\.drv$/, '')
  return [at, line].filter((part) => part !== undefined).join(': ')
}

function describeSummary({ ready, failed, unfinished, foreign, seconds }: Summary): string {
  const parts = [
    `${ready} ready`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(unfinished > 0 ? [`${unfinished} left to the registry`] : []),
    ...(foreign > 0 ? [`${foreign} of other registries`] : []),
  ]
  return `${parts.join(', ')}; ${seconds.toFixed(1)} s`
}

function explainFailure({ name, state, errors = [], places }: Progress): string {
  if (state !== 'failed') return ''
  const lines = errors.flatMap(({ message, detail }) => {
    const log = detail?.['log']
    const lines = Array.isArray(log)
      ? log.slice(-LOG_LINES_SHOWN).map((line) => `  | ${clean(String(line))}`)
      : []
    const url = detail?.['logUrl']
    return [`  ${clean(message)}`, ...lines, ...(typeof url === 'string' ? [`  log: ${clean(url)}`] : [])]
  })
  return `\n${[name, ...lines, ...places.map((place) => `  in ${describePlace(place)}`)].join('\n')}\n`
}

/** Cut to so many columns. Beyond the alphabets a character may take two, and is counted so. */
function fit(text: string, columns: number): string {
  let width = 0
  let cut = ''
  for (const character of clean(text)) {
    width += (character.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2
    if (width > columns) return cut
    cut += character
  }
  return cut.trimEnd()
}

/** Builders print colours, progress bars and bells. */
export function clean(text: string): string {
  // oxlint-disable-next-line eslint/no-control-regex -- control characters are what is meant
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
}
