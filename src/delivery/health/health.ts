/** The health of an object, as kstatus has it: https://github.com/kubernetes-sigs/cli-utils, pkg/kstatus. */
export type Health = {
  readonly kind:
    /** It is as it was asked to be. */
    | 'current'
    /** It isn't yet, and may become so by itself. */
    | 'progressing'
    /** It won't become so without a change. */
    | 'failed'
    | 'terminating'
  /** For people, in one line. */
  readonly reason: string
}

export function current(reason: string): Health {
  return { kind: 'current', reason }
}

export function progressing(reason: string): Health {
  return { kind: 'progressing', reason }
}

export function failed(reason: string): Health {
  return { kind: 'failed', reason }
}
