/** Credentials by host, as netrc(5) has them. */
import { RegistryError } from '../../../core/errors/errors.ts'

export type Credentials = { readonly login: string; readonly password: string }

/** @returns the credentials of hosts; those of `default` by the empty name. */
export function parseNetrc(text: string): ReadonlyMap<string, Credentials> {
  const found = new Map<string, Credentials>()
  const words = text
    .split('\n')
    .filter((line) => !line.trim().startsWith('#'))
    .join(' ')
    .split(/\s+/)
    .filter((word) => word !== '')
  let host: string | undefined
  while (words.length > 0) {
    const word = words.shift()
    if (word === 'default') host = ''
    else if (word === 'machine') host = words.shift() ?? ''
    else if (host !== undefined && (word === 'login' || word === 'password')) {
      const known = found.get(host) ?? { login: '', password: '' }
      found.set(host, { ...known, [word]: words.shift() ?? '' })
    } else if (word === 'account') words.shift()
    else
      throw new RegistryError(
        'malformed',
        `netrc: ${host === undefined ? 'machine' : 'login or password'} was expected`,
      )
  }
  return found
}

/** Returns the value of the Authorization header. An entry without a login has a bearer token as its password. */
export function authorization({ login, password }: Credentials): string {
  if (login === '') return `Bearer ${password}`
  return `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`
}
