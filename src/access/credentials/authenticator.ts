/**
 * Finds the subject that credentials belong to: users and their passwords, tokens, tokens of issuers, certificates, and
 * the short-lived tokens that were given for one of them.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
import { RegistryError } from '../../core/errors/errors.ts'
import type { AccessFile } from '../file/read-access-file.ts'
import { WatchedFile, type FileListener } from '../file/watched-file.ts'
import { RIGHTS, type Right, type Subject } from '../subject.ts'
import { readHtpasswd } from './htpasswd.ts'
import { IssuerTokens } from './issuer-tokens.ts'
import { Passwords } from './passwords.ts'
import { PullTokens, type PullToken } from './pull-tokens.ts'
import type { Verdict } from './verdict.ts'

export type Credentials =
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }

export type AuthenticatorOptions = {
  /** The file as it is now; the same object for as long as it doesn't change. */
  readonly file: () => AccessFile
  /** The token of --token-file as it is now. It has all rights. */
  readonly token: (() => string) | undefined
  /** Hears of the htpasswd file. */
  readonly listener: FileListener
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** Passwords that were right, each some hundred bytes. */
const MAX_REMEMBERED = 10_000
/** How long a right password isn't compared again: as long as a short-lived token would count. */
const REMEMBERED_MS = 300_000
/** Compared for users that don't exist, so that the time of an answer doesn't tell who does. */
const NO_HASH = '$2b$10$abcdefghijklmnopqrstuuM0ZtuTDWxBzJz2c5Zo8nMWTxxQm9P3W'
const TOKEN_FILE = 'token-file'

/** All that is made from one state of the file. */
type State = {
  readonly file: AccessFile
  readonly issuers: IssuerTokens
  readonly htpasswd: WatchedFile<ReadonlyMap<string, string>> | undefined
  readonly pullTokens: PullTokens
  readonly remembered: LRUCache<string, true>
}

export class Authenticator {
  readonly #options: AuthenticatorOptions
  readonly #now: () => number
  readonly #passwords = new Passwords()
  readonly #rememberKey = randomBytes(32)
  /** For tokens of this process alone, which outlive a change of the file. */
  readonly #ownTokens = new PullTokens()
  #state: State

  /** @throws RegistryError `unavailable` for a file that the auth file names and that can't be used. */
  constructor(options: AuthenticatorOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#state = this.#make(options.file())
  }

  /** @throws RegistryError `unavailable` while the keys of an issuer can't be had, `busy`. */
  async check(credentials: Credentials): Promise<Verdict> {
    return credentials.kind === 'bearer'
      ? this.#checkToken(credentials.token)
      : this.#checkPassword(credentials.user, credentials.password)
  }

  /** Whether a token is one that `issue` gave. It can't be guessed, so it needs no limit of guesses. */
  async checkIssued(token: string): Promise<Verdict | undefined> {
    const state = this.#current()
    const found = await state.pullTokens.check(token, this.#now())
    if (found === undefined) return undefined
    if (found === 'expired') return { kind: 'wrong', reason: 'a token that has expired' }
    const subject = stillThere(found.subject, state, this.#now(), this.#options.token !== undefined)
    return subject === undefined
      ? { kind: 'wrong', reason: `a token of ${found.subject.name}, which is no subject any more` }
      : { kind: 'right', subject, expiresAt: found.expiresAt }
  }

  /** @returns the short-lived token for a subject whose credentials end at `expiresAt`. */
  async issue(subject: Subject, expiresAt: number): Promise<PullToken> {
    const { file, pullTokens } = this.#current()
    return pullTokens.issue(subject, this.#now(), file.signing.seconds, expiresAt)
  }

  /** The subject of a client certificate that an authority of --tls-client-ca signed. */
  certificateSubject(text: string): Subject | undefined {
    const rule = this.#current().file.certificates.find(({ subject }) => subject.test(text))
    return rule && { kind: 'certificate', name: `certificate:${text}`, rights: rule.rights }
  }

  /** The subject of requests without credentials. @param isLocal whether they come from this machine. */
  anonymous(isLocal: boolean): Subject {
    const { anonymous } = this.#current().file
    const rights = anonymous ?? new Set<Right>(isLocal ? ['pull'] : [])
    return { kind: 'anonymous', name: 'anonymous', rights }
  }

  /** Reads what the auth file names again, as after a SIGHUP. */
  reload(): void {
    this.#current().htpasswd?.reload()
  }

  close(): void {
    this.#passwords.close()
  }

  async #checkToken(token: string): Promise<Verdict> {
    const state = this.#current()
    const issued = await this.checkIssued(token)
    if (issued !== undefined) return issued
    const hash = createHash('sha256').update(token).digest('hex')
    const fixed = this.#options.token?.()
    // Hashes are compared, so their times tell nothing about the token.
    if (fixed !== undefined && hash === createHash('sha256').update(fixed).digest('hex'))
      return { kind: 'right', subject: tokenFileSubject(), expiresAt: Infinity }
    const found = state.file.tokens.find(({ sha256 }) => sha256 === hash)
    if (found !== undefined) {
      const { name, rights, expiresAt } = found
      if (expiresAt <= this.#now()) return { kind: 'wrong', reason: `the token ${name} has expired` }
      return { kind: 'right', subject: { kind: 'token', name: `token:${name}`, rights }, expiresAt }
    }
    return (await state.issuers.check(token, this.#now())) ?? { kind: 'wrong', reason: 'an unknown token' }
  }

  async #checkPassword(name: string, password: string): Promise<Verdict> {
    const state = this.#current()
    const user = userNamed(state, name)
    const key = createHmac('sha256', this.#rememberKey)
      .update(`${name}\0${password}\0${user?.hash ?? ''}`)
      .digest('base64')
    if (user !== undefined && user.expiresAt <= this.#now())
      return { kind: 'wrong', reason: `the user ${name} has expired` }
    // Nix, Docker and kubelet send tokens as passwords, with any name.
    const asToken = user === undefined ? await this.#checkToken(password) : undefined
    if (asToken?.kind === 'right') return asToken
    if (user === undefined && password.split('.').length === 3 && asToken !== undefined) return asToken
    const isRemembered = state.remembered.get(key) === true
    if (!isRemembered && !(await this.#passwords.matches(password, user?.hash ?? NO_HASH)))
      return { kind: 'wrong', reason: 'a wrong user or password' }
    if (user === undefined) return { kind: 'wrong', reason: 'a wrong user or password' }
    state.remembered.set(key, true)
    return {
      kind: 'right',
      subject: { kind: 'user', name: `user:${name}`, rights: user.rights },
      expiresAt: user.expiresAt,
    }
  }

  #current(): State {
    const file = this.#options.file()
    if (file !== this.#state.file) {
      try {
        this.#state = this.#make(file)
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error
        // The state before goes on to count, for the new file as well: the trouble is told once.
        this.#state = { ...this.#state, file }
        this.#options.listener.onTrouble(error)
      }
    }
    return this.#state
  }

  #make(file: AccessFile): State {
    const { htpasswd, signing } = file
    return {
      file,
      issuers: new IssuerTokens(file.issuers),
      htpasswd:
        htpasswd === undefined
          ? undefined
          : new WatchedFile(htpasswd.file, readHtpasswd, this.#options.listener),
      pullTokens:
        signing.keyFile === undefined ? this.#ownTokens : new PullTokens(readSecret(signing.keyFile)),
      remembered: new LRUCache({ max: MAX_REMEMBERED, ttl: REMEMBERED_MS }),
    }
  }
}

type KnownUser = { readonly hash: string; readonly rights: ReadonlySet<Right>; readonly expiresAt: number }

function userNamed({ file, htpasswd }: State, name: string): KnownUser | undefined {
  const user = file.users.find((one) => one.name === name)
  if (user !== undefined) return { hash: user.password, rights: user.rights, expiresAt: user.expiresAt }
  const hash = htpasswd?.current.get(name)
  return hash === undefined || file.htpasswd === undefined
    ? undefined
    : { hash, rights: file.htpasswd.rights, expiresAt: Infinity }
}

/** The subject with the rights that it has now. A user or token that was withdrawn has none. */
function stillThere(subject: Subject, state: State, now: number, hasTokenFile: boolean): Subject | undefined {
  const name = subject.name.slice(subject.name.indexOf(':') + 1)
  switch (subject.kind) {
    case 'user': {
      const user = userNamed(state, name)
      return user === undefined || user.expiresAt <= now ? undefined : { ...subject, rights: user.rights }
    }
    case 'token': {
      if (name === TOKEN_FILE && hasTokenFile) return tokenFileSubject()
      const token = state.file.tokens.find((one) => one.name === name && one.expiresAt > now)
      return token && { ...subject, rights: token.rights }
    }
    // Their tokens say the rights, and count for minutes.
    case 'anonymous':
    case 'certificate':
    case 'oidc':
    case 'service-account':
      return subject
  }
}

function tokenFileSubject(): Subject {
  return { kind: 'token', name: `token:${TOKEN_FILE}`, rights: new Set(RIGHTS) }
}

const MIN_SECRET = 32

function readSecret(file: string): string {
  let secret: string
  try {
    secret = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new RegistryError('unavailable', `${file}: cannot be read`, { cause })
  }
  if (secret.length < MIN_SECRET)
    throw new RegistryError(
      'unavailable',
      `${file}: a key that signs tokens has at least ${MIN_SECRET} characters`,
    )
  return secret
}
