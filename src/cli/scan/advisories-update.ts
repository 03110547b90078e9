/** `pushless advisories update`: loads files, and files that are fetched first. */
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RegistryError } from '../../core/errors/errors.ts'
import { causesOf } from '../../core/errors/error-chain.ts'
import { explainSystemError } from '../../core/errors/system-error.ts'
import { advisoryFiles, updateAdvisories } from '../../insight/vulnerability/load/update-advisories.ts'
import { UsageError } from '../usage-error.ts'
import { countsText } from './open-advisories.ts'

/** A feed of NVD has 20 MB, the largest zip of OSV 300 MB. */
const FETCH_TIMEOUT_MS = 600_000
const MAX_FETCH_BYTES = 2e9

/** @param from directories, files, and URLs of files. @throws RegistryError, UsageError. */
export async function updateFrom(
  from: readonly string[],
  directory: string,
  isFresh: boolean,
): Promise<void> {
  await mkdir(directory, { recursive: true }).catch((cause: unknown) => unavailable(directory, cause))
  const fetched = await mkdtemp(join(directory, '.fetch-')).catch((cause: unknown) =>
    unavailable(directory, cause),
  )
  try {
    const files: string[] = []
    for (const [i, what] of from.entries())
      files.push(
        ...(/^https?:/.test(what) ? [await fetchFile(what, join(fetched, String(i)))] : await filesOf(what)),
      )
    const counts = await updateAdvisories(directory, files, {
      isFresh,
      onFile: (file) => process.stderr.write(`loading ${file.startsWith(fetched) ? basename(file) : file}\n`),
    })
    process.stdout.write(`${countsText(counts)}\n`)
  } finally {
    await rm(fetched, { recursive: true, force: true })
  }
}

async function filesOf(what: string): Promise<readonly string[]> {
  const found = await stat(what).catch((cause: unknown) => unavailable(what, cause))
  if (!found.isDirectory()) return [what]
  const files = await advisoryFiles(what)
  if (files.length === 0) throw new UsageError(`${what}: no .json, .json.gz or .zip in it`)
  return files
}

/** Fetches a file into a new directory, under its own name. */
async function fetchFile(address: string, directory: string): Promise<string> {
  if (!URL.canParse(address)) throw new UsageError(`${address}: not a URL`)
  const { pathname } = new URL(address)
  const file = join(directory, basename(pathname) || 'advisories.json')
  await mkdir(directory)
  process.stderr.write(`fetching ${address}\n`)
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
    if (!response.ok || response.body === null)
      throw new RegistryError('fetch-failed', `${address}: the server answered ${response.status}`)
    let size = 0
    await pipeline(
      Readable.fromWeb(response.body),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          size += chunk.length
          if (size > MAX_FETCH_BYTES) throw new RegistryError('too-large', `${address}: larger than 2 GB`)
          yield chunk
        }
      },
      createWriteStream(file),
    )
    return file
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    const reason = causesOf(cause)
      .map((one) => explainSystemError(one))
      .find((one) => one !== undefined)
    throw new RegistryError('fetch-failed', `${address}: ${reason ?? 'the fetch failed'}`, { cause })
  }
}

function unavailable(name: string, cause: unknown): never {
  throw new RegistryError('unavailable', explainSystemError(cause, name) ?? `${name}: cannot be read`, {
    cause,
  })
}
