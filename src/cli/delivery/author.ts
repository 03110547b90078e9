/** The author of a delivery, for its history. */
import { hostname, userInfo } from 'node:os'

/** The user and the machine. A Pod may run as a user that has no name. */
export function author(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    return `${process.getuid?.() ?? ''}@${hostname()}`
  }
}
