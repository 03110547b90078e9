/** Whether an address is one of this machine's own loopback. */

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && LOOPBACK.test(address)
}
