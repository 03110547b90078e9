/** Durations as Kubernetes' own objects have them: `90s`, `10m`, `1h30m`. */

const DURATION = /^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?$/

/** @returns milliseconds, or nothing for another text. */
export function parseDuration(text: string): number | undefined {
  const parts = DURATION.exec(text)
  if (parts === null || text === '') return undefined
  const [hours, minutes, seconds] = [Number(parts[1] ?? 0), Number(parts[2] ?? 0), Number(parts[3] ?? 0)]
  return ((hours * 60 + minutes) * 60 + seconds) * 1000
}
