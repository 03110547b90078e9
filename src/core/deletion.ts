/** Something that the server removes by itself, to stay within its limits. The audit log hears of it. */

export type Deletion = {
  /** The store path, or the file. */
  readonly target: string
  /** Why it goes, with the setting that decides it. */
  readonly reason: string
  /** Whether it is gone. */
  readonly isDone: boolean
}

export type DeletionListener = (deletion: Deletion) => void

export const ignoreDeletions: DeletionListener = () => undefined
