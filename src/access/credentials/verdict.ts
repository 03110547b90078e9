/** The result of a check of credentials. */
import type { Subject } from '../subject.ts'

export type Verdict =
  /** @param expiresAt milliseconds since 1970, or Infinity. */
  | { readonly kind: 'right'; readonly subject: Subject; readonly expiresAt: number }
  /** @param reason for the log. It has no part of the credentials. */
  | { readonly kind: 'wrong'; readonly reason: string }
