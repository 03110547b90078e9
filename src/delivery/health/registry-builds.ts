/**
 * Asks a registry why an image isn't there: whether its build failed, and the last lines of the log, or whether it still
 * goes on. `GET /builds/<hash>` knows a build by its derivation and by what it makes. Where the registry doesn't know
 * the image, may not be asked, or isn't reachable, there is no answer, and nothing fails.
 */
import { fieldAt, textAt, textsAt } from '../../core/json-fields.ts'
import { parseJson, type Json } from '../../core/json.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { parseImageName } from '../../core/oci/image-name.ts'
import type { StoreHash } from '../../core/nix/store-path.ts'

/** @returns a few lines about the build of an image; nothing where there is nothing to say. */
export type BuildOf = (image: string, signal?: AbortSignal) => Promise<string | undefined>

export type RegistryBuildsOptions = {
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 5_000
const LOG_LINES = 8
const LINE_LENGTH = 300
const MAX_ANSWER_LENGTH = 1_000_000

/** @param registry with the slash behind its path. */
export function registryBuilds(
  registry: URL,
  { headers = {}, timeoutMs = TIMEOUT_MS }: RegistryBuildsOptions = {},
): BuildOf {
  return async (image, signal) => {
    const hash = storeHashOfImage(image)
    if (hash === undefined) return undefined
    const timeout = AbortSignal.timeout(timeoutMs)
    const limit = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    return ask(registry, hash, headers, limit)
  }
}

/** Returns the hash of an image that is a store path, and so one that a registry of pushless serves. */
function storeHashOfImage(image: string): StoreHash | undefined {
  try {
    return parseImageName(image).reference.storeHash
  } catch (error) {
    if (error instanceof RegistryError) return undefined
    throw error
  }
}

async function ask(
  registry: URL,
  hash: StoreHash,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const url = new URL(`builds/${hash}`, registry)
    const response = await fetch(url, { signal, headers: { ...headers, accept: 'application/json' } })
    const text = await response.text()
    if (response.status === 401 || response.status === 403)
      return `the log of its build may not be read from here: see ${url.href}`
    return response.ok && text.length <= MAX_ANSWER_LENGTH ? buildText(parseJson(text), url) : undefined
  } catch {
    return undefined
  }
}

/** Returns the lines about a build, as `/builds/<hash>` describes it. */
function buildText(build: Json, url: URL): string | undefined {
  const name = textAt(build, 'name') ?? ''
  const isFetch = textAt(build, 'kind') === 'fetch'
  switch (textAt(build, 'state')) {
    case 'failed': {
      const message = textAt(build, 'failure', 'message') ?? 'it failed'
      const log = textsAt(build, 'failure', 'log').slice(-LOG_LINES)
      return [
        `${isFetch ? 'fetch' : 'build'} of ${name} failed: ${message}`,
        ...log.map((line) => `  ${line.slice(0, LINE_LENGTH)}`),
        `see ${url.href}`,
      ].join('\n')
    }
    case 'queued':
      return `${name} waits for its ${isFetch ? 'fetch' : 'build'}: see ${url.href}`
    case 'running': {
      const started = fieldAt(build, 'started')
      const since = typeof started === 'string' ? ` since ${started}` : ''
      return `${name} is being ${isFetch ? 'fetched' : 'built'}${since}: see ${url.href}`
    }
    case 'interrupted':
      return `the ${isFetch ? 'fetch' : 'build'} of ${name} was interrupted: see ${url.href}`
    default:
      return undefined
  }
}
