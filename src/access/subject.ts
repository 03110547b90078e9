/** A subject: the person, program or node that a request comes from, as far as its credentials show. */

/** The things a subject may be allowed to do, beside what the policy says about each image. */
export const RIGHTS = ['pull', 'warm', 'import', 'builds', 'insights', 'admin'] as const
export type Right = (typeof RIGHTS)[number]

export type Subject = {
  readonly kind: 'anonymous' | 'user' | 'token' | 'certificate' | 'oidc' | 'service-account'
  /**
   * Unique among all subjects, and printable: `anonymous`, `user:ci`, `token:deploy`, `certificate:CN=node-1`,
   * `oidc:https://issuer.example.org#123`, `service-account:team-a/default`. Rules, limits and logs use it.
   */
  readonly name: string
  readonly rights: ReadonlySet<Right>
}

/** The subject of a request without credentials, where nothing is configured. */
export const ANONYMOUS: Subject = { kind: 'anonymous', name: 'anonymous', rights: new Set(['pull']) }
