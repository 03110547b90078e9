/**
 * The one secret: whoever sends it may change something (import derivations, start builds ahead of pulls, forget
 * failures). Nix sends it from netrc as the password of Basic authentication (RFC 7617), others as a bearer token.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyRequest } from 'fastify'
import { RegistryError } from '../core/errors.ts'

/** A token that can be guessed is none. */
const MIN_LENGTH = 16

/**
 * @param file as in the settings; empty for none.
 * @throws RegistryError `unavailable` for a file that can't be read or holds no token.
 */
export function readToken(file: string): string | undefined {
  if (file === '') return undefined
  let text
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new RegistryError('unavailable', `token file ${file}: cannot be read`, { cause })
  }
  if (text.length >= MIN_LENGTH && !/\s/.test(text)) return text
  throw new RegistryError(
    'unavailable',
    `token file ${file}: a token is one word of at least ${MIN_LENGTH} characters`,
  )
}

/** @throws RegistryError `unauthorized` unless the request bears the token; always where there is none. */
export function demandToken(request: FastifyRequest, token: string | undefined): void {
  if (hasToken(request, token)) return
  throw new RegistryError(
    'unauthorized',
    token === undefined
      ? 'this needs a token, and the registry has none: see --token-file'
      : 'this needs the token of --token-file, as a bearer token or as the password in a netrc file',
  )
}

/** Whether the request bears the token; never where there is none. */
export function hasToken(request: FastifyRequest, token: string | undefined): boolean {
  const given = tokenOf(request.headers.authorization ?? '')
  return token !== undefined && given !== undefined && timingSafeEqual(sha256(given), sha256(token))
}

function tokenOf(authorization: string): string | undefined {
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +([^ ]+)$/.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return undefined
  const pair = Buffer.from(value, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon === -1 ? undefined : pair.slice(colon + 1)
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
