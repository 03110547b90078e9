/** Sizes and times as people read them. */
import { markup, type Markup } from './markup.ts'

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** @returns `31.2 MB`: powers of 1000, three digits at least. */
export function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  const value = bytes / 1000 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power] ?? ''}`
}

/** @returns `1 layer`, `2 layers`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** @param ms since the epoch. */
export function timeMarkup(ms: number): Markup {
  const text = new Date(ms).toISOString()
  return markup`<time datetime="${text}">${text.replace('T', ' ').replace(/\..*/, '')}</time> UTC`
}
