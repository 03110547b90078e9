/**
 * The pull side of the OCI Distribution API: end-1, end-2, end-3, end-8 and end-12 of its specification, GET and HEAD
 * each. One wildcard route, parsed in `core/oci/route.ts`: names hold slashes and may be longer than a route parameter.
 */
import { pathOf, queryOf } from '../request-target.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { digestOf } from '../../core/oci/digest.ts'
import { RegistryError, type ErrorKind } from '../../core/errors/errors.ts'
import type { Document } from '../../core/oci/image.ts'
import { parseRange } from '../../core/oci/range.ts'
import { referenceBase } from '../../core/oci/reference.ts'
import { parseRoute, type Route } from '../../core/oci/route.ts'
import { STORE_DIR } from '../../core/nix/store-path.ts'
import type { Referrers } from '../../insight/referrers/referrers.ts'
import type { EncodedCopies } from '../../encoded/encoded-copies.ts'
import type { Blob, Registry } from '../../registry/registry.ts'
import { addressOf } from '../access/client.ts'
import type { PullGate } from '../access/pull-gate.ts'
import { answerPreconditions, needsPlainBytes, rangeOf, sendBytes, varyOf } from './conditional.ts'
import { takesIndex } from './takes-index.ts'
import { wantedEncoding } from './compression.ts'
import type { CompressionMode } from './compression-mode.ts'
import { encodedBody, mayBeCopied } from './encoded-body.ts'
import { LinkRates } from './link-rates.ts'
import { sendStream } from './send-stream.ts'
import { pageOf, parsePageQuery } from './tag-page.ts'
import { LAYERS_HEADER, wantedForm } from './wanted-form.ts'
import { nextWait, type WaitMode } from './wait.ts'

export type V2Options = {
  readonly registry: Registry
  readonly referrers: Pick<Referrers, 'list' | 'tagged' | 'manifest' | 'blob' | 'isKnown'>
  readonly gate: PullGate
  readonly compression: CompressionMode
  /** Layers as zstd, on disk. */
  readonly copies?: EncodedCopies | undefined
  readonly wait: WaitMode
}

/** Decides how a layer is sent. */
type Sending = Pick<V2Options, 'compression' | 'copies'> & { readonly links: LinkRates | undefined }

const ALLOW = 'GET, HEAD'
const UNKNOWN: ReadonlySet<ErrorKind> = new Set(['manifest-unknown', 'blob-unknown'])
const BLOB_TYPE = 'application/octet-stream'

export function registerV2(app: FastifyInstance, options: V2Options): void {
  // In the other modes, the settings alone say what is encoded.
  const links = options.compression === 'auto' ? new LinkRates() : undefined
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'GET' || request.method === 'HEAD') return done()
    // Routes of other plugins that take other methods.
    if (!request.is404 && request.routeOptions.url?.startsWith('/v2') !== true) return done()
    reply.header('allow', ALLOW)
    // The body of a push isn't read, so the connection can't serve another request.
    reply.header('connection', 'close')
    throw new RegistryError(
      'unsupported',
      'nobody pushes here: images are store paths, made when they are pulled',
    )
  })
  for (const path of ['/v2', '/v2/']) {
    app.all(path, async (request, reply) => {
      options.gate.demandCredentials(request)
      return reply.type('application/json').send(Buffer.from('{}'))
    })
  }
  app.all('/v2/*', async (request, reply) => {
    // Before the name is read: without credentials every name has the same answer.
    options.gate.demandCredentials(request)
    const url = request.raw.url ?? ''
    const path = pathOf(url)
    try {
      const route = parseRoute(path.slice(path.indexOf('v2') + 2))
      const selector = route.kind === 'manifest' ? route.selector : undefined
      const { reference, restore } = await options.gate.admit(request, route.reference, selector)
      return await answer({ ...route, reference }, request, reply, { ...options, links }).catch(
        (error: unknown) => {
          throw restore(error)
        },
      )
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
  { registry, referrers, ...sending }: Pick<V2Options, 'registry' | 'referrers'> & Sending,
): Promise<FastifyReply> {
  switch (route.kind) {
    case 'manifest':
      reply.header('vary', varyOf(route.selector))
      return sendDocument(request, reply, await findManifest(route, request, { registry, referrers }))
    case 'blob':
      return sendBlob(request, reply, await findBlob(route, request, { registry, referrers }), sending)
    case 'tags': {
      const tags = await registry.tags(route.reference)
      const page = pageOf(tags, parsePageQuery(queryOf(request.raw.url)))
      const name = `${STORE_DIR.slice(1)}/${referenceBase(route.reference)}`
      if (page.next !== undefined) reply.header('link', `</v2/${name}/tags/list?${page.next}>; rel="next"`)
      return sendJson(request, reply, { name, tags: page.tags })
    }
    case 'referrers':
      return sendReferrers(request, reply, route, referrers)
  }
}

type Found = Pick<V2Options, 'registry' | 'referrers'>

/** An image's own manifest, or that of a referrer. @throws RegistryError of any kind. */
async function findManifest(
  { reference, selector }: Extract<Route, { kind: 'manifest' }>,
  request: FastifyRequest,
  { registry, referrers }: Found,
): Promise<Document> {
  const own = () =>
    registry.manifest(reference, selector, {
      takesIndex: takesIndex(request.headers.accept),
      form: wantedForm(request.headers[LAYERS_HEADER]),
    })
  if (selector.kind === 'tag') return (await referrers.tagged(reference, selector.tag)) ?? own()
  const { digest } = selector
  const other = () => referrers.manifest(reference, digest)
  return firstOf(referrers.isKnown(reference, digest) ? [other, own] : [own, other])
}

/** A blob of an image, or that of a referrer. @throws RegistryError of any kind. */
async function findBlob(
  { reference, digest }: Extract<Route, { kind: 'blob' }>,
  request: FastifyRequest,
  { registry, referrers }: Found,
): Promise<Blob> {
  const own = () => registry.blob(reference, digest, wantedForm(request.headers[LAYERS_HEADER]))
  const other = () => referrers.blob(reference, digest)
  return firstOf(referrers.isKnown(reference, digest) ? [other, own] : [own, other])
}

/** The first that is found. @throws RegistryError of any kind: the first that says it is unknown, if all do. */
async function firstOf<T>(finds: readonly (() => Promise<T | undefined>)[]): Promise<T> {
  let unknown: unknown
  for (const find of finds) {
    try {
      const found = await find()
      if (found !== undefined) return found
    } catch (error) {
      const isUnknown = error instanceof RegistryError && UNKNOWN.has(error.kind)
      if (!isUnknown) throw error
      unknown ??= error
    }
  }
  throw unknown
}

async function sendReferrers(
  request: FastifyRequest,
  reply: FastifyReply,
  { reference, digest }: Extract<Route, { kind: 'referrers' }>,
  referrers: Found['referrers'],
): Promise<FastifyReply> {
  const type = queryOf(request.raw.url).get('artifactType') ?? undefined
  const index = await referrers.list(reference, digest, type)
  if (type !== undefined) reply.header('oci-filters-applied', 'artifactType')
  return sendDocument(request, reply, index)
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
  { compression, copies, links }: Sending,
): Promise<FastifyReply> {
  const isHead = request.method === 'HEAD'
  const client = addressOf(request)
  const wanted =
    isHead || needsPlainBytes(request)
      ? undefined
      : wantedEncoding(compression, request.headers['accept-encoding'], client, blob.size)
  // A compressor of another version makes other bytes of the same content.
  const tag = { opaque: blob.digest, isWeak: wanted !== undefined }
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
  const isProbe = wanted !== undefined && links?.isProbe(client, blob.size) === true
  if (isProbe && mayBeCopied(blob, wanted)) copies?.copyLater(blob)
  const encoded =
    wanted === undefined || isProbe
      ? undefined
      : await encodedBody(blob, wanted, copies, links?.rateOf(client))
  // A body that nobody would encode, or that is encoded on its way, shows nothing of the network.
  const measured = (isPlain: boolean, chunks: AsyncGenerator<Uint8Array>) =>
    links === undefined || wanted === undefined || encoded?.compressor !== undefined
      ? chunks
      : links.measured(client, isPlain, chunks)
  if (encoded !== undefined) {
    reply.header('content-encoding', encoded.encoding)
    return sendStream(request, reply, measured(false, encoded.chunks), encoded.compressor)
  }
  reply.header('accept-ranges', 'bytes')
  if (isHead) return reply.header('content-length', blob.size).send()
  const range = asked.kind === 'part' ? asked.range : { start: 0, end: blob.size }
  if (asked.kind === 'part')
    reply.code(206).header('content-range', `bytes ${range.start}-${range.end - 1}/${blob.size}`)
  reply.header('content-length', range.end - range.start)
  return sendStream(request, reply, measured(true, blob.read(range)), undefined)
}
