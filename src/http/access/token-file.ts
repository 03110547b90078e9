/**
 * The token of --token-file, read anew when the file changes: looked at each time that a client sends a token, so that
 * a rotated one counts at once. Kubernetes replaces the files of a Secret by changing a link, others rename or rewrite.
 * While the file is missing or wrong, the last good token stays.
 */
import { closeSync, fstatSync, openSync, readFileSync, statSync, type BigIntStats } from 'node:fs'
import { RegistryError } from '../../core/errors/errors.ts'
import { judgeMode, stampOf } from '../../core/file-state.ts'

export type TokenFileListener = {
  /** Another token counts from now on. */
  readonly onChange: () => void
  /** The last good token stays. Heard once for each state of the file. */
  readonly onTrouble: (error: RegistryError) => void
  /** Every user of the machine may read it. @param advice the command that ends that. */
  readonly onReadableByAll: (advice: string) => void
}

/** A shorter token can be guessed. */
const MIN_LENGTH = 16

/**
 * @param file as in the settings; empty for none.
 * @throws RegistryError `unavailable` for a file that can't be read or holds no token.
 */
export function readToken(file: string): string | undefined {
  if (file === '') return undefined
  try {
    return tokenIn(file, readFileSync(file, 'utf8'))
  } catch (error) {
    throw explained(file, error)
  }
}

export class TokenFile {
  readonly #file: string
  readonly #listener: TokenFileListener
  #token: string
  #stamp: string
  /** A pipe can be read once. */
  readonly #isFixed: boolean

  /** @throws RegistryError `unavailable` for a file that can't be read, holds no token, or that others may write. */
  constructor(file: string, listener: TokenFileListener) {
    this.#file = file
    this.#listener = listener
    const { token, stats } = this.#load()
    this.#token = token
    this.#stamp = stampOf(stats)
    this.#isFixed = !stats.isFile()
  }

  /** The token as the file has it now. */
  readonly current = (): string => {
    if (!this.#isFixed && this.#stampNow() !== this.#stamp) this.#refresh()
    return this.#token
  }

  /** Reads the file even if it seems to be unchanged, as after a SIGHUP. */
  reload(): void {
    if (!this.#isFixed) this.#refresh()
  }

  #refresh(): void {
    const before = this.#token
    try {
      const { token, stats } = this.#load()
      this.#stamp = stampOf(stats)
      this.#token = token
    } catch (error) {
      this.#stamp = this.#stampNow()
      this.#listener.onTrouble(explained(this.#file, error))
    }
    if (this.#token !== before) this.#listener.onChange()
  }

  #load(): { readonly token: string; readonly stats: BigIntStats } {
    try {
      const descriptor = openSync(this.#file, 'r')
      try {
        // Of what is open, so that nobody changes the file between the two.
        const stats = fstatSync(descriptor, { bigint: true })
        this.#checkMode(stats)
        return { token: tokenIn(this.#file, readFileSync(descriptor, 'utf8')), stats }
      } finally {
        closeSync(descriptor)
      }
    } catch (error) {
      throw explained(this.#file, error)
    }
  }

  #checkMode(stats: BigIntStats): void {
    if (!stats.isFile()) return
    const verdict = judgeMode(this.#file, stats.mode)
    if (verdict.kind === 'writable')
      throw new RegistryError(
        'unavailable',
        `token file ${this.#file}: its mode ${verdict.mode} lets other users write it, and so choose the token: ${verdict.advice}`,
      )
    if (verdict.kind === 'readable') this.#listener.onReadableByAll(verdict.advice)
  }

  #stampNow(): string {
    try {
      return stampOf(statSync(this.#file, { bigint: true }))
    } catch (error) {
      return String(error)
    }
  }
}

function tokenIn(file: string, content: string): string {
  const text = content.trim()
  if (text.length >= MIN_LENGTH && !/\s/.test(text)) return text
  throw new RegistryError(
    'unavailable',
    `token file ${file}: a token is one word of at least ${MIN_LENGTH} characters`,
  )
}

function explained(file: string, error: unknown): RegistryError {
  if (error instanceof RegistryError) return error
  return new RegistryError('unavailable', `token file ${file}: cannot be read`, { cause: error })
}
