/**
 * Sends requests to one API server. It limits how many run at once, waits as long as the server asks for (429, API
 * Priority and Fairness), and renews credentials that the server refuses.
 */
import type { IncomingMessage } from 'node:http'
import pLimit, { type LimitFunction } from 'p-limit'
import { parseJson, type Json } from '../../../core/json.ts'
import { Authorization } from '../credentials/authorization.ts'
import type { ClusterAccess } from '../cluster-access.ts'
import { abortable } from './abortable.ts'
import { Connection, type KubernetesRequest } from './connection.ts'
import { failedAnswer } from './failed-answer.ts'
import { KubernetesError } from '../kubernetes-error.ts'
import { BROKEN, TURNED_AWAY, retried } from './retry.ts'

export type TransportOptions = {
  /** Default: 8. Watches aren't counted. */
  readonly requestsAtOnce?: number
  /** Milliseconds until an answer must have begun, and that it may stand still. Default: 30 s. */
  readonly answerMs?: number
  /** From 0 to 1; for pauses. Default: Math.random. */
  readonly random?: () => number
}

const REQUESTS_AT_ONCE = 8
const ANSWER_MS = 30_000
/** Characters that a message shows of an answer that is no JSON. */
const MAX_EXCERPT = 200

export class Transport {
  readonly #connection: Connection
  readonly #authorization: Authorization
  readonly #answerMs: number
  readonly #limit: LimitFunction
  readonly #random: () => number

  constructor(
    access: ClusterAccess,
    { requestsAtOnce = REQUESTS_AT_ONCE, answerMs = ANSWER_MS, random = Math.random }: TransportOptions = {},
  ) {
    this.#connection = new Connection(access, answerMs)
    this.#authorization = new Authorization(access.credentials)
    this.#answerMs = answerMs
    this.#limit = pLimit(requestsAtOnce)
    this.#random = random
  }

  /** @returns the answer. @throws KubernetesError of any kind. */
  async json(asked: KubernetesRequest): Promise<Json> {
    const { signal } = asked
    const retries = { isRepeatable: isRepeatable(asked), random: this.#random, signal }
    const once = async () => retried(async () => this.#json(asked), { ...retries, kinds: TURNED_AWAY })
    // A request that failed and waits for its next try must not keep others from theirs.
    return retried(async () => abortable(this.#limit(once), signal), { ...retries, kinds: BROKEN })
  }

  /**
   * Opens a stream of JSON, one value a line, such as a watch. It isn't counted among the requests at once.
   * @throws KubernetesError of any kind; the stream ends where the server ends it.
   */
  async *lines(asked: KubernetesRequest): AsyncGenerator<Json> {
    const response = await this.#answer(asked)
    let rest = ''
    response.setEncoding('utf8')
    try {
      for await (const chunk of response as AsyncIterable<string>) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line !== '') yield parsed(line)
      }
    } catch (cause) {
      throw this.#connection.broken(cause, asked.signal)
    } finally {
      response.destroy()
    }
  }

  close(): void {
    this.#connection.close()
  }

  async #json(asked: KubernetesRequest): Promise<Json> {
    const response = await this.#answer(asked)
    return parsed(await this.#body(response, asked.signal))
  }

  /** An answer that isn't an error. Credentials that are refused are renewed once. */
  async #answer(asked: KubernetesRequest): Promise<IncomingMessage> {
    const secrets = await this.#authorization.secrets()
    const response = await this.#connection.ask(asked, secrets)
    if (isGood(response)) return response
    if (response.statusCode !== 401 || !this.#authorization.refuse(secrets))
      throw await this.#failure(response, asked.signal)
    response.resume()
    const again = await this.#connection.ask(asked, await this.#authorization.secrets())
    if (isGood(again)) return again
    throw await this.#failure(again, asked.signal)
  }

  async #failure(response: IncomingMessage, signal: AbortSignal | undefined): Promise<KubernetesError> {
    const body = await this.#body(response, signal)
    return failedAnswer(response.statusCode ?? 0, body, response.headers['retry-after'])
  }

  async #body(response: IncomingMessage, signal: AbortSignal | undefined): Promise<string> {
    const late = new KubernetesError('timeout', `an answer stood still for ${this.#answerMs / 1000} s`)
    const timer = setTimeout(() => response.destroy(late), this.#answerMs)
    const parts: string[] = []
    response.setEncoding('utf8')
    try {
      for await (const part of response as AsyncIterable<string>) {
        timer.refresh()
        parts.push(part)
      }
      return parts.join('')
    } catch (cause) {
      throw this.#connection.broken(cause, signal)
    } finally {
      clearTimeout(timer)
    }
  }
}

function isGood({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300
}

/** Reading, deleting and server-side apply give the same when they are repeated. */
function isRepeatable({ method, contentType }: KubernetesRequest): boolean {
  if (method === 'PATCH') return contentType?.startsWith('application/apply-patch') === true
  return method === 'GET' || method === 'DELETE'
}

function parsed(text: string): Json {
  try {
    return parseJson(text)
  } catch (cause) {
    const excerpt = text
      .slice(0, MAX_EXCERPT)
      .replaceAll(/(?:<[^>]*>|\s)+/g, ' ')
      .trim()
    throw new KubernetesError('malformed', `the server's answer is no JSON: ${excerpt}`, { cause })
  }
}
