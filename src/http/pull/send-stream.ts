/**
 * A stream as the body of a reply. Not fastify's own `reply.send(stream)`: it reads ahead of the socket, and our chunks
 * are valid only until the next one is asked for (layer/stream.ts). The first chunk is awaited before the headers
 * leave, so that what fails at once still gets an answer; what fails later cuts the connection.
 */
import type { ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { compress, type Encoding } from '../../layer/compressor.ts'
import { loopTurn } from '../connection/loop-turn.ts'
import { beginSpan } from '../../tracing/traced.ts'
import { noteCut, requestFacts } from '../request-log.ts'

/** @param chunks as `Registry.read` gives them. */
export async function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  chunks: AsyncGenerator<Uint8Array>,
  encoding: Encoding | undefined,
): Promise<FastifyReply> {
  // Before anything is awaited, so that compressors are counted when the next encoding is chosen.
  const compressor = encoding === undefined ? undefined : compress(encoding)
  const span = beginSpan('stream', {})
  await loopTurn()
  const first = await chunks.next().catch((error: unknown) => {
    compressor?.destroy()
    span?.end()
    throw error
  })
  reply.hijack()
  const { raw } = reply
  raw.writeHead(reply.statusCode, Object.fromEntries(Object.entries(reply.getHeaders()).filter(isPresent)))
  try {
    const body = withFirst(first, chunks)
    await (compressor === undefined ? pipeline(body, unqueued(raw)) : pipeline(body, compressor, raw))
  } catch (error) {
    // Writing to a client that left fails with one of the system's many codes; our own failures have none.
    const isOurs = !(error instanceof Error && 'code' in error)
    if (isOurs) noteCut(raw)
    raw.destroy()
    if (isOurs) request.log.error({ err: error, ...requestFacts(request) }, 'download cut')
    else request.log.debug({ err: error, ...requestFacts(request) }, 'client left during a download')
  } finally {
    span?.end()
  }
  return reply
}

/**
 * The response as a stream that takes a chunk only when the one before has left for the kernel: a response by itself
 * queues what is smaller than its high-water mark, and its chunks' memory is used again.
 */
function unqueued(raw: ServerResponse): Writable {
  const sink = new Writable({
    highWaterMark: 1,
    write: (chunk: Uint8Array, _encoding, done) => void raw.write(chunk, done),
    final: (done) => void raw.end(() => done()),
  })
  raw.once('close', () => {
    if (!raw.writableFinished)
      sink.destroy(Object.assign(new Error('the client left'), { code: 'ECONNRESET' }))
  })
  return sink
}

async function* withFirst(
  first: IteratorResult<Uint8Array, unknown>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (first.done === true) return
    yield first.value
    for await (const chunk of rest) {
      await loopTurn()
      yield chunk
    }
  } finally {
    await rest.return(undefined)
  }
}

function isPresent<T>(entry: [string, T | undefined]): entry is [string, T] {
  return entry[1] !== undefined
}
