/**
 * The pull side of the OCI Distribution API: end-1, end-2, end-3, end-8 and end-12 of its specification, GET and HEAD
 * each. One wildcard route, parsed in `core/oci/route.ts`: names hold slashes and may be longer than a route parameter.
 */
import { parseTarget } from '../request-target.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { digestOf } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { EMPTY_INDEX, type Document } from '../../core/oci/image.ts'
import { parseRange } from '../../core/oci/range.ts'
import { referenceBase } from '../../core/oci/reference.ts'
import { parseRoute, type Route } from '../../core/oci/route.ts'
import { STORE_DIR } from '../../core/nix/store-path.ts'
import type { Blob, Registry } from '../../registry/registry.ts'
import { answerPreconditions, needsPlainBytes, rangeOf, sendBytes } from './conditional.ts'
import { takesIndex } from './takes-index.ts'
import { chooseEncoding, type CompressionMode } from './compression.ts'
import { sendStream } from './send-stream.ts'
import { pageOf, parsePageQuery } from './tag-page.ts'
import { nextWait, type WaitMode } from './wait.ts'

export type V2Options = {
  readonly registry: Registry
  readonly compression: CompressionMode
  readonly wait: WaitMode
}

const ALLOW = 'GET, HEAD'
const BLOB_TYPE = 'application/octet-stream'

export function registerV2(app: FastifyInstance, options: V2Options): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD') return
    // Routes of other plugins that take other methods.
    if (!request.is404 && request.routeOptions.url?.startsWith('/v2') !== true) return
    reply.header('allow', ALLOW)
    // The body of a push isn't read, so the connection can't serve another request.
    reply.header('connection', 'close')
    throw new RegistryError(
      'unsupported',
      'nobody pushes here: images are store paths, made when they are pulled',
    )
  })
  for (const path of ['/v2', '/v2/']) {
    app.all(path, async (_request, reply) => reply.type('application/json').send(Buffer.from('{}')))
  }
  app.all('/v2/*', async (request, reply) => {
    const url = request.raw.url ?? ''
    const { path } = parseTarget(url)
    try {
      return await answer(parseRoute(path.slice(path.indexOf('v2') + 2)), request, reply, options)
    } catch (error) {
      const next = error instanceof RegistryError ? nextWait(options.wait, error, url) : undefined
      if (next === undefined) throw error
      return reply.code(307).header('location', next).header('content-length', 0).send()
    }
  })
}

async function answer(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  { registry, compression }: V2Options,
): Promise<FastifyReply> {
  switch (route.kind) {
    case 'manifest':
      reply.header('vary', 'accept')
      return sendDocument(
        request,
        reply,
        await registry.manifest(route.reference, route.selector, takesIndex(request.headers.accept)),
      )
    case 'blob':
      return sendBlob(request, reply, await registry.blob(route.reference, route.digest), compression)
    case 'tags': {
      const tags = await registry.tags(route.reference)
      const page = pageOf(tags, parsePageQuery(parseTarget(request.raw.url).query))
      const name = `${STORE_DIR.slice(1)}/${referenceBase(route.reference)}`
      if (page.next !== undefined) reply.header('link', `</v2/${name}/tags/list?${page.next}>; rel="next"`)
      return sendJson(request, reply, { name, tags: page.tags })
    }
    case 'referrers':
      return sendDocument(request, reply, EMPTY_INDEX)
  }
}

function sendDocument(request: FastifyRequest, reply: FastifyReply, document: Document): FastifyReply {
  const { bytes, digest, mediaType } = document
  reply.header('docker-content-digest', digest)
  return sendBytes(request, reply, mediaType, bytes, digest)
}

function sendJson(request: FastifyRequest, reply: FastifyReply, value: unknown): FastifyReply {
  const bytes = Buffer.from(JSON.stringify(value))
  return sendBytes(request, reply, 'application/json', bytes, digestOf(bytes))
}

async function sendBlob(
  request: FastifyRequest,
  reply: FastifyReply,
  blob: Blob,
  compression: CompressionMode,
): Promise<FastifyReply> {
  const isHead = request.method === 'HEAD'
  const encoding =
    isHead || needsPlainBytes(request)
      ? undefined
      : chooseEncoding(compression, request.headers['accept-encoding'], request.ip, blob.size)
  // A compressor of another version makes other bytes of the same content.
  const tag = { opaque: blob.digest, isWeak: encoding !== undefined }
  reply
    .header('docker-content-digest', blob.digest)
    .header('vary', 'accept-encoding')
    // A digest never names other bytes.
    .header('cache-control', 'public, max-age=31536000, immutable')
  const answered = answerPreconditions(request, reply, tag)
  if (answered !== undefined) return answered

  const asked = parseRange(rangeOf(request, tag), blob.size)
  if (asked.kind === 'unsatisfiable') {
    for (const name of ['docker-content-digest', 'cache-control', 'etag', 'vary']) reply.removeHeader(name)
    return reply.code(416).header('content-range', `bytes */${blob.size}`).header('content-length', 0).send()
  }
  reply.header('content-type', BLOB_TYPE)
  if (encoding !== undefined) {
    reply.header('content-encoding', encoding)
    return sendStream(request, reply, blob.read({ start: 0, end: blob.size }), encoding)
  }
  reply.header('accept-ranges', 'bytes')
  if (isHead) return reply.header('content-length', blob.size).send()
  const range = asked.kind === 'part' ? asked.range : { start: 0, end: blob.size }
  if (asked.kind === 'part')
    reply.code(206).header('content-range', `bytes ${range.start}-${range.end - 1}/${blob.size}`)
  reply.header('content-length', range.end - range.start)
  return sendStream(request, reply, blob.read(range), undefined)
}
