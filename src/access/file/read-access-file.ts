/** Reads the file of --auth: YAML or JSON, checked whole. Each mistake is one line with its place. */
import { isScalar, LineCounter, parseDocument } from 'yaml'
import { assertShallowYaml } from '../../core/errors/yaml-nesting.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { findProblems } from '../../core/schema-problem.ts'
import { offsetOf } from '../../core/yaml-place.ts'
import { parseRules, type PolicyRule } from '../policy/policy-rule.ts'
import type { Right } from '../subject.ts'
import { ACCESS_FILE, validateAccess, type GivenAccess } from './access-schema.ts'

export type AccessFile = {
  readonly users: readonly User[]
  readonly htpasswd: { readonly file: string; readonly rights: ReadonlySet<Right> } | undefined
  readonly tokens: readonly StaticToken[]
  readonly certificates: readonly { readonly subject: RegExp; readonly rights: ReadonlySet<Right> }[]
  readonly issuers: readonly IssuerRule[]
  /** For clients elsewhere; `undefined` where the file doesn't say. */
  readonly anonymous: ReadonlySet<Right> | undefined
  readonly signing: { readonly keyFile: string | undefined; readonly seconds: number }
  /** `undefined` where the file has none: who may pull may pull everything. */
  readonly rules: readonly PolicyRule[] | undefined
}

type User = {
  readonly name: string
  /** A bcrypt hash. */
  readonly password: string
  readonly rights: ReadonlySet<Right>
  /** Milliseconds since 1970, or Infinity. */
  readonly expiresAt: number
}

type StaticToken = {
  readonly name: string
  /** In hexadecimal digits. */
  readonly sha256: string
  readonly rights: ReadonlySet<Right>
  readonly expiresAt: number
}

export type IssuerRule = {
  readonly issuer: string
  readonly audience: string
  /** A URL or a file; discovery where there is none. */
  readonly jwks: string | undefined
  /** File of authorities for the URL. */
  readonly ca: string | undefined
  /** File of a token to ask the URL with. */
  readonly tokenFile: string | undefined
  readonly claims: readonly { readonly name: string; readonly pattern: RegExp }[]
  readonly rights: ReadonlySet<Right>
}

/** Docker asks again after 60 seconds at the earliest; a token that was withdrawn may live so long. */
const TOKEN_SECONDS = 300

/**
 * @param source how messages name the file.
 * @throws RegistryError `unavailable` whose message has a line for each mistake: `auth.yaml:4:5: rigths is unknown, did
 * you mean rights?`
 */
export function readAccessFile(text: string, source: string): AccessFile {
  assertShallowYaml(text, source)
  const lines = new LineCounter()
  const document = parseDocument(text, { schema: 'core', lineCounter: lines, prettyErrors: false })
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${source}:${line}:${col}`
  }
  const placeOf = (path: readonly string[]) => placeAt(offsetOf(document, path))
  const broken = [...document.errors, ...document.warnings]
  if (broken.length > 0)
    throw wrong(broken.map(({ pos: [offset], message }) => `${placeAt(offset)}: ${message}`))
  const { contents } = document
  if (contents === null || (isScalar(contents) && contents.value === null))
    throw wrong([`${source}: is empty, expected users, tokens, certificates, issuers or anonymous`])
  const value: unknown = document.toJS()
  const problems = findProblems(ACCESS_FILE, value, validateAccess.Errors(value))
  if (problems.length > 0 || !validateAccess.Check(value))
    throw wrong(problems.map(({ path, message }) => `${placeOf(path)}: ${message}`))
  const doubled = doubledNames(value)
  if (doubled.length > 0) throw wrong(doubled.map(({ path, message }) => `${placeOf(path)}: ${message}`))
  return accessOf(value, placeOf)
}

function accessOf(given: GivenAccess, placeOf: (path: readonly string[]) => string): AccessFile {
  const {
    users = [],
    htpasswd,
    tokens = [],
    certificates = [],
    issuers = [],
    anonymous,
    signing,
    rules,
  } = given
  return {
    users: users.map(({ name, password, rights, expires }) => ({
      name,
      password,
      rights: new Set(rights),
      expiresAt: timeOf(expires),
    })),
    htpasswd: htpasswd === undefined ? undefined : { file: htpasswd.file, rights: new Set(htpasswd.rights) },
    tokens: tokens.map(({ name, sha256, rights, expires }) => ({
      name,
      sha256,
      rights: new Set(rights),
      expiresAt: timeOf(expires),
    })),
    certificates: certificates.map(({ subject, rights }) => ({
      subject: patternOf(subject),
      rights: new Set(rights),
    })),
    issuers: issuers.map(({ issuer, audience, jwks, ca, tokenFile, claims = {}, rights }) => ({
      issuer,
      audience,
      jwks,
      ca,
      tokenFile,
      claims: Object.entries(claims).map(([name, pattern]) => ({ name, pattern: patternOf(pattern) })),
      rights: new Set(rights),
    })),
    anonymous: anonymous === undefined ? undefined : new Set(anonymous),
    signing: { keyFile: signing?.keyFile, seconds: signing?.seconds ?? TOKEN_SECONDS },
    rules: rules === undefined ? undefined : parseRules(rules, (path) => placeOf(['rules', ...path])),
  }
}

/** A text in which `*` stands for any text. */
function patternOf(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`)
}

/** The day itself still counts. */
function timeOf(text: string | undefined): number {
  if (text === undefined) return Infinity
  return text.length === '2027-01-31'.length ? Date.parse(text) + 86_400_000 : Date.parse(text)
}

/** Users with one name would be one subject with two passwords. Tokens may share a name: so they are rotated. */
function doubledNames({ users = [], tokens = [] }: GivenAccess) {
  const seen = new Set<string>()
  const doubled = users.flatMap(({ name }, i) => {
    const message = `the user ${name} is there twice`
    return seen.size === seen.add(name).size ? [{ path: ['users', String(i), 'name'], message }] : []
  })
  const invalid = [
    ...users.map((one) => ['users', one] as const),
    ...tokens.map((one) => ['tokens', one] as const),
  ]
  const wrongTimes = invalid.flatMap(([list, { expires }], i) =>
    Number.isNaN(timeOf(expires))
      ? [
          {
            path: [list, String(list === 'users' ? i : i - users.length), 'expires'],
            message: `expires is ${String(expires)}, which is no day`,
          },
        ]
      : [],
  )
  return [...doubled, ...wrongTimes]
}

function wrong(lines: readonly string[]): RegistryError {
  return new RegistryError('unavailable', lines.join('\n'))
}
