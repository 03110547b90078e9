/** A binary cache over HTTP. Follows redirects, and sends credentials to the cache alone. */
import type { IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { once } from 'node:events'
import { rootCertificates } from 'node:tls'
import { explainSystemError } from '../../../core/errors/system-error.ts'
import { CacheTrouble, type CacheFile, type CacheFiles } from './cache-files.ts'

// Not imported: see http/connection/listeners.ts.
const { Agent: HttpAgent, request: httpRequest } = process.getBuiltinModule('node:http')

export type HttpCacheOptions = {
  readonly url: URL
  /** Certificates of authorities beside those that Node knows, as PEM. */
  readonly authorities: readonly string[]
  /** Gives the headers of each request to the cache, such as its credentials. */
  readonly headers: (url: URL) => Promise<Readonly<Record<string, string>>>
  /** Judges an answer that is not the file, by its status and the beginning of its body. */
  readonly refusal: (status: number, body: string) => Refusal
}

export type Refusal =
  /** There is no such file. */
  { readonly kind: 'absent' } | { readonly kind: 'trouble'; readonly why: string | undefined }

/** A cache that is well answers within a second. */
const ANSWER_MS = 15_000
/** The longest pause within a body. */
const SILENT_MS = 30_000
const MAX_REDIRECTS = 5
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]
const CONNECTIONS = 32
const PARTIAL = 206
const RANGE_NOT_SATISFIABLE = 416
/** Errors of S3 have a few hundred bytes. */
const MAX_REFUSAL = 4096
const AGENT = { keepAlive: true, maxSockets: CONNECTIONS, timeout: SILENT_MS }

export function httpCache({ url, authorities, headers, refusal }: HttpCacheOptions): CacheFiles {
  const plain = new HttpAgent(AGENT)
  const ca = authorities.length === 0 ? {} : { ca: [...rootCertificates, ...authorities] }
  const secure = new HttpsAgent({ ...AGENT, ...ca })

  const ask = async (target: URL, offset: number, signal: AbortSignal): Promise<IncomingMessage> => {
    const isHttps = target.protocol === 'https:'
    const request = (isHttps ? httpsRequest : httpRequest)(target, {
      agent: isHttps ? secure : plain,
      signal,
      headers: {
        'User-Agent': 'pushless',
        ...(offset === 0 ? {} : { Range: `bytes=${offset}-` }),
        ...(target.origin === url.origin ? await headers(target) : {}),
      },
    })
    // Thrown below, or by the body; both may also fail after nobody waits for them any more.
    request.on('error', () => undefined)
    const timer = setTimeout(
      () => request.destroy(new CacheTrouble('no answer in time', { isPassing: true })),
      ANSWER_MS,
    )
    try {
      request.end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.on('error', () => undefined)
      response.setTimeout(SILENT_MS, () =>
        response.destroy(new CacheTrouble('the answer stopped in the middle', { isPassing: true })),
      )
      return response
    } catch (cause) {
      if (signal.aborted || cause instanceof CacheTrouble) throw cause
      throw new CacheTrouble(explainSystemError(cause) ?? messageOf(cause), { cause, isPassing: true })
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    open: async (name, offset, signal) => {
      let target = inside(url, name)
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
        const response = await ask(target, offset, signal)
        const { statusCode: status = 0, headers: given } = response
        if (status === 200 || (status === PARTIAL && offset > 0)) return fileOf(response, offset)
        if (!REDIRECTS.includes(status) || given.location === undefined) {
          const found = refusal(status, await beginningOf(response))
          if (found.kind === 'absent') return undefined
          throw new CacheTrouble(`it answers ${status}${found.why === undefined ? '' : ` ${found.why}`}`, {
            isPassing: status >= 500 || status === 429 || status === 408 || status === RANGE_NOT_SATISFIABLE,
          })
        }
        response.resume()
        target = redirected(given.location, target)
      }
      throw new CacheTrouble(`more than ${MAX_REDIRECTS} redirects`)
    },
    close: () => {
      plain.destroy()
      secure.destroy()
    },
  }
}

/** @returns what can be read of the body. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  let text = ''
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      text += chunk.toString('latin1')
      if (text.length >= MAX_REFUSAL) break
    }
  } catch {
    // The status alone has to do.
  }
  return text.slice(0, MAX_REFUSAL)
}

/** A narinfo names its archive, and must not name a file of another server or beside the cache. */
function inside(url: URL, name: string): URL {
  const target = new URL(name, url)
  if (target.origin !== url.origin || !target.pathname.startsWith(url.pathname))
    throw new CacheTrouble(`${name.slice(0, 200)} is outside of the cache`)
  return target
}

function redirected(location: string, from: URL): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  const isWeb = target?.protocol === 'https:' || target?.protocol === 'http:'
  if (target === undefined || !isWeb || (from.protocol === 'https:' && target.protocol === 'http:'))
    throw new CacheTrouble('it redirects to an address that is not followed')
  return target
}

function fileOf(response: IncomingMessage, wanted: number): CacheFile {
  const { headers, statusCode } = response
  const isPart = statusCode === PARTIAL
  const length = Number(headers['content-length'] ?? NaN)
  const offset = isPart ? wanted : 0
  if (isPart && !headers['content-range']?.startsWith(`bytes ${wanted}-`))
    throw new CacheTrouble('it answers with another range')
  return {
    body: response,
    offset,
    size: Number.isSafeInteger(length) ? offset + length : undefined,
    encoding: headers['content-encoding'],
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
