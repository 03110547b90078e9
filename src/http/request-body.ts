/** Bodies of requests, as they come. */
import type { FastifyRequest } from 'fastify'
import { RegistryError } from '../core/errors.ts'

/** A client that sends nothing for so long is gone, or means no good. */
export const STALLED_MS = 60_000

/** @throws RegistryError `malformed` when the client breaks off, stalls, or sends it encoded. */
export async function* requestBody({ raw, headers }: FastifyRequest): AsyncGenerator<Uint8Array> {
  if (headers['content-encoding'] !== undefined)
    throw new RegistryError('malformed', 'uploads are taken without Content-Encoding')
  const timer = setTimeout(() => raw.destroy(new Error('the client sends nothing')), STALLED_MS)
  try {
    // Whoever stops in the middle answers yet, on the same connection.
    for await (const chunk of raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      timer.refresh()
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

/** @throws RegistryError `too-large` past `limit` bytes, and whatever `body` throws. */
export async function readAll(body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > limit) throw new RegistryError('too-large', `more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
