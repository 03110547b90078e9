/** How far each image is, and what is told of it: as lines of JSON for programs; warm-display.ts is for people. */
import type { FoundImage } from '../../kubernetes/references/image-references.ts'
import type { OciError } from '../warm/warm-request.ts'

/** `waiting`: requested, and the registry hasn't reported any work for it yet. */
export type WarmState = 'queued' | 'waiting' | 'building' | 'fetching' | 'ready' | 'failed'

export type Progress = {
  readonly name: string
  readonly places: FoundImage['places']
  state: WarmState
  /** Milliseconds on a clock that only differences of count. */
  began?: number
  ended?: number
  digest?: string
  errors?: readonly OciError[]
  /** The work of Nix at present, the last line of its log, or the reason why there is no answer yet. */
  path?: string
  line?: string
}

export type Summary = {
  readonly ready: number
  readonly failed: number
  /** Left when it was interrupted. */
  readonly unfinished: number
  readonly foreign: number
  readonly seconds: number
}

export type Reporter = {
  /** Something about it changed, maybe its state. */
  readonly changed: (image: Progress) => void
  readonly ended: (summary: Summary) => void
}

/** One object for each change of state, and a last one with `"state":"done"`. */
export function jsonReporter(write: (text: string) => void): Reporter {
  const told = new Map<string, WarmState>()
  const print = (value: object) => write(`${JSON.stringify(value)}\n`)
  return {
    changed: (image) => {
      const { name, places, state, began, ended, digest, errors, path } = image
      if (told.get(name) === state) return
      told.set(name, state)
      print({
        ref: name,
        state,
        ...(path === undefined || state === 'ready' ? {} : { path }),
        ...(digest === undefined ? {} : { digest }),
        ...(errors === undefined ? {} : { errors, places }),
        ...(began === undefined || ended === undefined ? {} : { seconds: seconds(ended - began) }),
      })
    },
    ended: (summary) => print({ state: 'done', ...summary, seconds: seconds(summary.seconds * 1000) }),
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}
