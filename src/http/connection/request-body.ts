/** Bodies of requests, as they come: of any length, for as long as they come. */
import type { FastifyRequest } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'

/** A client that sends nothing for so long is gone, or means no good. */
export const STALLED_MS = 60_000
/** How many bytes it must send in that time, or it holds a descriptor and a place for nothing. */
const MIN_PROGRESS = 64 * 1024

/** @throws RegistryError `malformed` when the client breaks off, stalls, or sends it encoded. */
export async function* requestBody(request: FastifyRequest): AsyncGenerator<Uint8Array> {
  assertNotEncoded(request)
  const { raw } = request
  let progress = 0
  const timer = setTimeout(() => raw.destroy(new Error('the client sends next to nothing')), STALLED_MS)
  try {
    // A handler that stops in the middle still answers on the same connection.
    for await (const chunk of raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      progress += chunk.length
      if (progress >= MIN_PROGRESS) {
        progress = 0
        timer.refresh()
      }
      yield chunk
    }
  } catch (cause) {
    throw new RegistryError('malformed', 'the upload broke off', { cause })
  } finally {
    clearTimeout(timer)
  }
}

/** Reads a body to its end for nothing. */
export async function passOver(body: AsyncIterable<Uint8Array>): Promise<void> {
  const chunks = body[Symbol.asyncIterator]()
  while ((await chunks.next()).done !== true);
}

/** @throws RegistryError `malformed` for a body with Content-Encoding. */
export function assertNotEncoded({ headers }: FastifyRequest): void {
  if (headers['content-encoding'] !== undefined)
    throw new RegistryError('malformed', 'uploads are taken without Content-Encoding')
}
