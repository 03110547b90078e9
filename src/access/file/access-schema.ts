/** The fields of the file that --auth names. The `description` of each says what is expected, and refusals quote it. */
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import { RIGHTS } from '../subject.ts'

const STRICT = { additionalProperties: false } as const

const rights = Type.Array(Type.Enum([...RIGHTS], { description: `one of ${RIGHTS.join(', ')}` }), {
  description: `a list of rights, such as [pull, warm]: ${RIGHTS.join(', ')}`,
})
const expires = Type.Optional(
  Type.String({
    pattern:
      '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?$',
    description: 'a day, 2027-01-31, or a time, 2027-01-31T12:00:00Z',
  }),
)
const name = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$',
  description: 'a name: at most 100 of a-z A-Z 0-9 . _ @ -',
})
const file = Type.String({ minLength: 1, description: 'the path of a file' })

const user = Type.Object(
  {
    name,
    password: Type.String({
      pattern: '^\\$2[aby]\\$[0-9]{2}\\$[./A-Za-z0-9]{53}$',
      description: 'a bcrypt hash, such as `pushless auth password` prints: $2b$10$\u2026',
    }),
    rights,
    expires,
  },
  { ...STRICT, description: 'a user with name, password and rights' },
)
const token = Type.Object(
  {
    name,
    sha256: Type.String({
      pattern: '^[0-9a-f]{64}$',
      description: 'the SHA-256 of the token in 64 hexadecimal digits, such as `pushless auth token` prints',
    }),
    rights,
    expires,
  },
  { ...STRICT, description: 'a token with name, sha256 and rights' },
)
const certificate = Type.Object(
  {
    subject: Type.String({
      minLength: 1,
      description: 'the subject of a client certificate, with * for any text: CN=node-*, O=nodes',
    }),
    rights,
  },
  { ...STRICT, description: 'a certificate with subject and rights' },
)
const issuer = Type.Object(
  {
    issuer: Type.String({ minLength: 1, description: 'the issuer as its tokens have it in `iss`' }),
    audience: Type.String({
      minLength: 1,
      description: 'the audience that tokens for this registry have in `aud`',
    }),
    jwks: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'the URL or file of the issuer\u2019s keys; without it they are found by OpenID discovery',
      }),
    ),
    ca: Type.Optional(file),
    tokenFile: Type.Optional(file),
    claims: Type.Optional(
      Type.Record(Type.String(), Type.String({ description: 'a text, with * for any text' }), {
        description: 'claims that a token must have, such as sub: system:serviceaccount:team-a:*',
      }),
    ),
    rights,
  },
  { ...STRICT, description: 'an issuer with issuer, audience and rights' },
)

export const ACCESS_FILE = Type.Object(
  {
    users: Type.Optional(Type.Array(user, { description: 'a list of users' })),
    htpasswd: Type.Optional(
      Type.Object(
        { file, rights },
        { ...STRICT, description: 'an htpasswd file, and the rights of its users' },
      ),
    ),
    tokens: Type.Optional(Type.Array(token, { description: 'a list of tokens' })),
    certificates: Type.Optional(Type.Array(certificate, { description: 'a list of certificates' })),
    issuers: Type.Optional(Type.Array(issuer, { description: 'a list of issuers' })),
    anonymous: Type.Optional(rights),
    signing: Type.Optional(
      Type.Object(
        {
          keyFile: Type.Optional(file),
          seconds: Type.Optional(
            Type.Integer({ minimum: 60, maximum: 3600, description: 'seconds from 60 to 3600' }),
          ),
        },
        { ...STRICT, description: 'keyFile and seconds of the tokens that /token gives' },
      ),
    ),
    rules: Type.Optional(Type.Unknown({ description: 'a list of rules' })),
  },
  {
    ...STRICT,
    description: 'a mapping with users, htpasswd, tokens, certificates, issuers, anonymous, signing or rules',
  },
)
export type GivenAccess = Static<typeof ACCESS_FILE>

export const validateAccess = validatorOf(ACCESS_FILE)
