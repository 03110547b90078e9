/** Access keys in the files of profiles, `~/.aws/credentials` and `~/.aws/config`. */
import { readFile } from 'node:fs/promises'
import { systemCode } from '../../../core/errors/system-error.ts'
import type { S3Credentials } from './s3-credentials.ts'

/** @returns nothing where no file has the profile. @throws failures of the disk. */
export async function profileCredentials(
  files: readonly string[],
  profile: string,
): Promise<S3Credentials | undefined> {
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return ''
      throw error
    })
    const found = sections(text).get(profile)
    const [accessKeyId, secretAccessKey] = [
      found?.get('aws_access_key_id'),
      found?.get('aws_secret_access_key'),
    ]
    if (accessKeyId === undefined || secretAccessKey === undefined) continue
    return { accessKeyId, secretAccessKey, sessionToken: found?.get('aws_session_token') }
  }
  return undefined
}

/** In `config`, all profiles but the default one are called `profile <name>`. */
function sections(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const found = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    const title = /^\[\s*(?:profile\s+)?(.*?)\s*\]/.exec(line)?.[1]
    if (title !== undefined) {
      section = found.get(title) ?? new Map()
      found.set(title, section)
      continue
    }
    const [, key, value] = /^([^=\s]+)\s*=\s*(.*)$/.exec(line) ?? []
    if (key !== undefined && value !== undefined) section?.set(key.toLowerCase(), value)
  }
  return found
}
