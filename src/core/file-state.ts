/** Judges files that hold secrets by their state: whether they changed, and who may read or write them. */

/** The facts of a file as `stat` gives them with `bigint`. */
export type FileState = {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mode: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

export type ModeVerdict =
  | { readonly kind: 'private' }
  /** @param mode such as `0644`. @param advice the command that ends that. */
  | { readonly kind: 'readable' | 'writable'; readonly mode: string; readonly advice: string }

const WRITABLE_BY_OTHERS = 0o022n
const READABLE_BY_ALL = 0o004n

/** A text that is another one after every change of the file. */
export function stampOf({ dev, ino, size, mode, mtimeNs, ctimeNs }: FileState): string {
  return [dev, ino, size, mode, mtimeNs, ctimeNs].join(' ')
}

/** Says who else may use a secret. A group that may read is right: a Secret of Kubernetes with an fsGroup has 0440. */
export function judgeMode(file: string, mode: bigint): ModeVerdict {
  const kind =
    (mode & WRITABLE_BY_OTHERS) !== 0n ? 'writable' : (mode & READABLE_BY_ALL) !== 0n ? 'readable' : undefined
  if (kind === undefined) return { kind: 'private' }
  const changes = [...((mode & 0o020n) === 0n ? [] : ['g-w']), ...((mode & 0o007n) === 0n ? [] : ['o-rwx'])]
  return { kind, mode: `0${(mode & 0o777n).toString(8)}`, advice: `chmod ${changes.join(',')} ${file}` }
}
