/** Checks tokens of OpenID Connect issuers and of Kubernetes' ServiceAccounts, which are the same kind of token. */
import { decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import { printable } from '../../core/errors/printable.ts'
import type { IssuerRule } from '../file/read-access-file.ts'
import type { Subject } from '../subject.ts'
import { issuerKeys } from './issuer-keys.ts'
import type { Verdict } from './verdict.ts'

/** Signatures with public keys alone: with HS256, the public key itself would be a secret to sign with. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
/** Seconds that clocks may differ. */
const CLOCK_TOLERANCE = 30
const ACCOUNT = /^system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)$/
const MAX_NAME = 300

export class IssuerTokens {
  readonly #rules: readonly { readonly rule: IssuerRule; readonly keys: JWTVerifyGetKey }[]

  constructor(rules: readonly IssuerRule[]) {
    // Rules about the same keys share them.
    const known = new Map<string, JWTVerifyGetKey>()
    this.#rules = rules.map((rule) => {
      const name = JSON.stringify([rule.issuer, rule.jwks, rule.ca, rule.tokenFile])
      const keys = known.get(name) ?? issuerKeys(rule)
      known.set(name, keys)
      return { rule, keys }
    })
  }

  /**
   * @param now milliseconds since 1970.
   * @returns nothing for a text that isn't a token of one of the issuers.
   * @throws RegistryError `unavailable` while the keys can't be had.
   */
  async check(token: string, now: number): Promise<Verdict | undefined> {
    const issuer = issuerOf(token)
    if (issuer === undefined) return undefined
    const rules = this.#rules.filter(({ rule }) => rule.issuer === issuer)
    if (rules.length === 0)
      return { kind: 'wrong', reason: `a token of an unknown issuer: ${printable(issuer, MAX_NAME)}` }
    let reason = ''
    for (const { rule, keys } of rules) {
      const verified = await verify(token, rule, keys, now)
      if (typeof verified === 'string') reason = verified
      else if (claimsMatch(verified, rule))
        return {
          kind: 'right',
          subject: subjectOf(verified, rule),
          expiresAt: (verified.exp ?? 0) * 1000,
        }
      else reason = 'a token whose claims match no issuer of the auth file'
    }
    return { kind: 'wrong', reason }
  }
}

/** @returns why not, for a token that doesn't count. */
async function verify(
  token: string,
  { issuer, audience }: IssuerRule,
  keys: JWTVerifyGetKey,
  now: number,
): Promise<JWTPayload | string> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE,
      currentDate: new Date(now),
      requiredClaims: ['exp', 'sub'],
    })
    return payload
  } catch (error) {
    // Its messages name the claim, and no part of the token.
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw error
    return `a token of ${printable(issuer, MAX_NAME)}: ${error.message}`
  }
}

function claimsMatch(payload: JWTPayload, { claims }: IssuerRule): boolean {
  return claims.every(({ name, pattern }) => {
    const value = claimAt(payload, name)
    const values = Array.isArray(value) ? value : [value]
    return values.some((one) => typeof one === 'string' && pattern.test(one))
  })
}

/** A claim by its name, else by a path with dots: `kubernetes.io` is a name, `resource_access.roles` a path. */
function claimAt(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name]
  let found: unknown = payload
  for (const step of name.split('.'))
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, step)
        ? Object.entries(found).find(([key]) => key === step)?.[1]
        : undefined
  return found
}

function subjectOf({ sub = '' }: JWTPayload, { issuer, rights }: IssuerRule): Subject {
  const [, namespace, name] = ACCOUNT.exec(sub) ?? []
  return namespace !== undefined && name !== undefined
    ? { kind: 'service-account', name: `service-account:${namespace}/${name}`, rights }
    : { kind: 'oidc', name: printable(`oidc:${issuer}#${sub}`, MAX_NAME), rights }
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}
