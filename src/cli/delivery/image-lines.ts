/** The progress of images as lines: one for each state that is worth it, and the log of a build that failed. */
import type { Progress } from '../display/warm-progress.ts'

/** Calls a function once for each state of an image that is worth a line. */
export function onceAState(tell: (image: Progress) => void): (image: Progress) => void {
  const told = new Set<string>()
  return (image) => {
    const key = `${image.name} ${image.state}`
    if (image.state === 'queued' || image.state === 'waiting' || told.has(key)) return
    told.add(key)
    tell(image)
  }
}

export function imageLines({ name, state, errors = [] }: Progress): readonly string[] {
  if (state !== 'failed') return [`${state} image ${name}`]
  return errors.flatMap(({ message, detail }) => [`image ${name}: ${message}`, ...logOf(detail)])
}

/** The last lines of a failed build. */
export function logOf(detail: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const log = detail?.['log']
  return Array.isArray(log) ? log.map((line) => `  | ${String(line)}`) : []
}
