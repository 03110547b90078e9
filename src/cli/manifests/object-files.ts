/** Manifests as they are named on a command line: files, directories as kubectl reads them, or standard input. */
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { explainSystemError } from '../../core/errors/system-error.ts'
import { UsageError } from '../usage-error.ts'

export type ManifestFile = {
  /** Its name in messages. */
  readonly source: string
  readonly text: string
}

/** As `kubectl apply -f DIRECTORY` has it, which leaves out what is in directories below, too. */
export const MANIFEST_FILE = /\.(?:json|yaml|yml)$/

/** @throws UsageError for what can't be read, and a directory without manifests. */
export async function readObjectFiles(name: string): Promise<readonly ManifestFile[]> {
  if (name === '-')
    return [{ source: 'standard input', text: decode(await buffer(process.stdin), 'standard input') }]
  if (!(await stat(name).catch(explain(name))).isDirectory())
    return [{ source: name, text: await readTextFile(name) }]
  const files = (await readdir(name).catch(explain(name))).filter((file) => MANIFEST_FILE.test(file)).sort()
  if (files.length === 0) throw new UsageError(`${name}: no .yaml, .yml or .json in it`)
  return Promise.all(
    files.map(async (file) => ({ source: join(name, file), text: await readTextFile(join(name, file)) })),
  )
}

/** @throws UsageError for what can't be read, or isn't UTF-8. */
export async function readTextFile(name: string): Promise<string> {
  return decode(await readFile(name).catch(explain(name)), name)
}

/** A byte order mark stays. */
function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new UsageError(`${name}: isn’t UTF-8, which kubectl expects: convert it, such as with iconv`, {
      cause,
    })
  }
}

/** A handler for failures of the file system. @param name as people wrote it. @throws UsageError. */
export function explain(name: string): (cause: unknown) => never {
  return (cause) => {
    const explained = explainSystemError(cause, name)
    throw explained === undefined ? cause : new UsageError(explained, { cause })
  }
}
