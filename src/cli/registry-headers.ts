/** The headers of a command's requests to a registry. */
import { readToken } from '../http/access/token-file.ts'

/** @param tokenFile empty for none. @throws RegistryError for a file that can't be read. */
export function registryHeaders(tokenFile: string): Readonly<Record<string, string>> {
  const token = readToken(tokenFile)
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}
