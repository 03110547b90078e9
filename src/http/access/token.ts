/**
 * The one secret: who sends it may change something (import derivations, start builds ahead of pulls, forget
 * failures). Nix sends it from netrc as the password of Basic authentication (RFC 7617), others as a bearer token.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'
import { addressOf } from './client.ts'
import { GuessLimit } from './guess-limit.ts'

export type Token = {
  /** The token as it is now. */
  readonly current: () => string
  readonly guesses: GuessLimit
}

/** @param current gives the token; it may be another one each time. */
export function tokenOf(current: () => string): Token {
  return { current, guesses: new GuessLimit() }
}

type Check =
  { readonly kind: 'right' | 'wrong' | 'absent' } | { readonly kind: 'limited'; readonly seconds: number }

/**
 * @throws RegistryError `unauthorized` unless the request bears the token, always where there is none;
 * `too-many-guesses` if its address sent too many wrong ones.
 */
export function demandToken(request: FastifyRequest, token: Token | undefined): void {
  const check = checkToken(request, token)
  if (check.kind === 'right') return
  if (check.kind === 'limited') {
    throw new RegistryError('too-many-guesses', 'too many wrong tokens came from this address: wait', {
      retryAfterSeconds: check.seconds,
    })
  }
  throw new RegistryError(
    'unauthorized',
    token === undefined
      ? 'this needs a token, and the registry has none: see --token-file'
      : 'this needs the token of --token-file, as a bearer token or as the password in a netrc file',
  )
}

/** Whether the request bears the token; never where there is none. */
export function hasToken(request: FastifyRequest, token: Token | undefined): boolean {
  return checkToken(request, token).kind === 'right'
}

/** The guess itself is never logged: it may be the token of another registry. */
function checkToken(request: FastifyRequest, token: Token | undefined): Check {
  const given = givenToken(request.headers.authorization ?? '')
  if (token === undefined || given === undefined) return { kind: 'absent' }
  const address = addressOf(request)
  const hash = sha256(given)
  const digest = hash.toString('base64')
  const seconds = token.guesses.waitSeconds(address, digest)
  if (seconds > 0) return { kind: 'limited', seconds }
  if (timingSafeEqual(hash, sha256(token.current()))) return { kind: 'right' }
  switch (token.guesses.count(address, digest)) {
    case 'repeated':
      request.log.debug('wrong token, again')
      break
    case 'counted':
      request.log.warn('wrong token')
      break
    case 'last':
      request.log.warn('wrong token; no token from this address is compared for some seconds')
  }
  return { kind: 'wrong' }
}

function givenToken(authorization: string): string | undefined {
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
