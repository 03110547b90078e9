/** Reads htpasswd files as Apache's `htpasswd -B` writes them: a user and a bcrypt hash a line. */
import { RegistryError } from '../../core/errors/errors.ts'

const BCRYPT = /^\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}$/

/**
 * Returns the hash of each user.
 * @throws RegistryError `unavailable` that names each line with another kind of hash: MD5 and SHA-1 can be guessed.
 */
export function readHtpasswd(text: string, file: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>()
  const wrong: string[] = []
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    const [name, hash] = [line.slice(0, colon), line.slice(colon + 1).trim()]
    if (colon < 1 || !BCRYPT.test(hash))
      wrong.push(`${file}:${i + 1}: expected a user and a bcrypt hash, as htpasswd -B writes them`)
    else users.set(name, hash)
  }
  if (wrong.length > 0) throw new RegistryError('unavailable', wrong.join('\n'))
  return users
}
