import type { Work } from '../../store/work.ts'
import type { StoreEvent } from '../../store/store.ts'

/** An event of a build or fetch. The log, the figures and the journal receive it. */
export type WorkEvent =
  | StoreEvent
  | { readonly kind: 'queued' }
  | { readonly kind: 'started' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: unknown }

export type WorkListener = (work: Work, event: WorkEvent) => void
