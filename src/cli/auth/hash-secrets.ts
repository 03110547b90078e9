/** `pushless auth`: what the file of --auth has instead of passwords and tokens. */
import { createHash, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { hash as bcrypt } from 'bcryptjs'
import { UsageError } from '../usage-error.ts'

/** A tenth of a second of a processor for each guess (OWASP, Password Storage Cheat Sheet: 10 or more). */
const COST = 10
/** bcrypt looks at no more. */
const MAX_PASSWORD_BYTES = 72
/** A shorter token can be guessed. */
const MIN_TOKEN = 16

/** @throws UsageError for an empty password, and for one that is longer than bcrypt can tell apart. */
export async function hashPassword(input: Readable): Promise<string> {
  const password = (await text(input)).replace(/\r?\n$/, '')
  if (password === '') throw new UsageError('standard input is empty, expected a password')
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES)
    throw new UsageError(
      `the password has more than ${MAX_PASSWORD_BYTES} bytes, of which bcrypt ignores the rest`,
    )
  return bcrypt(password, COST)
}

/** @throws UsageError for a token that can be guessed. */
export async function hashToken(input: Readable): Promise<string> {
  const token = (await text(input)).trim()
  if (token.length < MIN_TOKEN || /\s/.test(token))
    throw new UsageError(`a token is one word of at least ${MIN_TOKEN} characters`)
  return sha256(token)
}

/** Two lines: the token, which is for the client alone, and its hash, which is for the file. */
export function makeToken(): string {
  const token = randomBytes(32).toString('base64url')
  return `token:  ${token}\nsha256: ${sha256(token)}\n`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
