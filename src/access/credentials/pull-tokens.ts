/**
 * The short-lived tokens that `/token` gives for credentials (Distribution, "Token Authentication Specification"), so
 * that a pull of a hundred requests checks a password once. They are signed with one secret: replicas that share it
 * take each other's.
 */
import { createHash, randomBytes } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { RIGHTS, type Right, type Subject } from '../subject.ts'

export type PullToken = { readonly token: string; readonly seconds: number; readonly issuedAt: Date }

const ISSUER = 'pushless'
const ALGORITHM = 'HS256'
const TYPE = 'pushless+jwt'
const KINDS: ReadonlySet<string> = new Set([
  'anonymous',
  'user',
  'token',
  'certificate',
  'oidc',
  'service-account',
])

/** Tokens whose signature was right, each some hundred bytes: a pull sends the same one with all its requests. */
const MAX_REMEMBERED = 10_000

type CheckedToken = { readonly subject: Subject; readonly expiresAt: number }

export class PullTokens {
  readonly #key: Uint8Array
  readonly #remembered = new LRUCache<string, CheckedToken>({ max: MAX_REMEMBERED })

  /** @param secret of all replicas. Without one, tokens end with this process. */
  constructor(secret?: string) {
    this.#key =
      secret === undefined
        ? randomBytes(32)
        : createHash('sha256').update(`pull tokens of pushless\0${secret}`).digest()
  }

  /** @param now milliseconds since 1970. @param seconds how long it counts, unless the credentials end before. */
  async issue(
    { kind, name, rights }: Subject,
    now: number,
    seconds: number,
    expiresAt: number,
  ): Promise<PullToken> {
    const lifetime = Math.max(1, Math.min(seconds, Math.floor((expiresAt - now) / 1000)))
    const issued = Math.floor(now / 1000)
    const token = await new SignJWT({ kind, rights: [...rights] })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
      .setIssuer(ISSUER)
      .setSubject(name)
      .setIssuedAt(issued)
      .setExpirationTime(issued + lifetime)
      .sign(this.#key)
    return { token, seconds: lifetime, issuedAt: new Date(issued * 1000) }
  }

  /** @returns the subject, `expired`, or nothing for a text that isn't one of these tokens. */
  async check(token: string, now: number): Promise<CheckedToken | 'expired' | undefined> {
    const known = this.#remembered.get(token)
    if (known !== undefined) return known.expiresAt > now ? known : 'expired'
    const checked = await this.#verify(token, now)
    if (typeof checked === 'object') this.#remembered.set(token, checked)
    return checked
  }

  async #verify(token: string, now: number): Promise<CheckedToken | 'expired' | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        issuer: ISSUER,
        typ: TYPE,
        algorithms: [ALGORITHM],
        currentDate: new Date(now),
        requiredClaims: ['exp', 'sub'],
      })
      const { kind, rights, sub = '', exp = 0 } = payload
      if (!isKind(kind) || !Array.isArray(rights)) return undefined
      return { subject: { kind, name: sub, rights: new Set(rights.filter(isRight)) }, expiresAt: exp * 1000 }
    } catch (error) {
      return error instanceof errors.JWTExpired ? 'expired' : undefined
    }
  }
}

function isKind(value: unknown): value is Subject['kind'] {
  return typeof value === 'string' && KINDS.has(value)
}

function isRight(value: unknown): value is Right {
  return RIGHTS.some((right) => right === value)
}
