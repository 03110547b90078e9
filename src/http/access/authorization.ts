/** Reads the header Authorization (RFC 9110, section 11.6.2): Basic credentials, or a bearer token. */
import type { Credentials } from '../../access/credentials/authenticator.ts'

/** @returns nothing for another scheme, and for what is malformed. */
export function readAuthorization(header: string): Credentials | undefined {
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +([^ ]+)$/.exec(header) ?? []
  if (scheme.toLowerCase() === 'bearer') return { kind: 'bearer', token: value }
  if (scheme.toLowerCase() !== 'basic') return undefined
  const pair = Buffer.from(value, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon === -1
    ? undefined
    : { kind: 'basic', user: pair.slice(0, colon), password: pair.slice(colon + 1) }
}
