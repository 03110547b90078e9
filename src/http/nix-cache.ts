/**
 * Nix's HTTP binary cache protocol below `/nix-cache`, as `nix copy` and substituters speak it (Nix manual, "HTTP
 * Binary Cache Store"; `http-binary-cache-store.cc`). Refusals are a line of text, which Nix shows as it is.
 */
import { pathOf } from './request-target.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { digestOf } from '../core/oci/digest.ts'
import { RegistryError } from '../core/errors/errors.ts'
import { parseBase32Sha256, type Sha256 } from '../core/oci/sha256.ts'
import { parseStoreHash, type StoreHash } from '../core/nix/store-path.ts'
import { CACHE_INFO, type NixCache, type NixCacheWriter } from '../nix-cache/nix-cache.ts'
import { parseUploadName } from '../nix-cache/uploads.ts'
import type { Access } from './access/access.ts'
import { addressOf } from './access/client.ts'
import type { PullGate } from './access/pull-gate.ts'
import { audienceOf } from './access/audience.ts'
import { chooseEncoding } from './pull/compression.ts'
import type { CompressionMode } from './pull/compression-mode.ts'
import { answerPreconditions, needsPlainBytes, sendBytes } from './pull/conditional.ts'
import { registerErrorForm } from './errors.ts'
import type { BodiesFor } from './connection/request-bodies.ts'
import { STALLED_MS, assertNotEncoded, passOver, requestBody } from './connection/request-body.ts'
import { sendStream } from './pull/send-stream.ts'

export type NixCacheRoutes = {
  readonly access: Access
  readonly gate: PullGate
  readonly nixCache: NixCache
  readonly compression: CompressionMode
  readonly bodies: BodiesFor
}

const PREFIX = '/nix-cache/'
const INFO_TYPE = 'text/x-nix-cache-info'
const NARINFO_TYPE = 'text/x-nix-narinfo'
const NAR_TYPE = 'application/x-nix-nar'
/** The largest closures have references for some hundred kilobytes. */
const MAX_NARINFO = 1024 ** 2

type File =
  | { readonly kind: 'info' }
  | { readonly kind: 'narinfo'; readonly hash: StoreHash }
  /** An archive as we name it: by its path and its own hash. */
  | { readonly kind: 'archive'; readonly hash: StoreHash; readonly narHash: Sha256 }
  /** An archive as clients name what they upload. */
  | { readonly kind: 'upload'; readonly name: string }
  /** The listing of an archive. It is derived from the archive, so it is not kept. */
  | { readonly kind: 'listing' }
  | { readonly kind: 'unknown' }

export function registerNixCache(app: FastifyInstance, options: NixCacheRoutes): void {
  void app.register(async (scope) => {
    registerErrorForm(scope, 'text', (request, refusal) => audienceOf(request, refusal, options.access))
    // Bodies are streamed to their place, with any content type.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    // What is left of a refused upload is read and dropped, so that the client sees why; not for ever.
    scope.addHook('onResponse', async ({ raw }) => {
      if (raw.complete) return
      raw.resume()
      setTimeout(() => raw.complete || raw.destroy(), STALLED_MS).unref()
    })
    scope.route({
      method: ['GET', 'HEAD'],
      url: `${PREFIX}*`,
      handler: (request, reply) => read(fileOf(request), request, reply, options),
    })
    scope.put(`${PREFIX}*`, { config: { hasLongBodies: true } }, async (request, reply) => {
      const { writer } = options.nixCache
      if (writer === undefined) {
        reply.header('allow', 'GET, HEAD')
        throw new RegistryError(
          'unsupported',
          'this cache is only read from: the registry runs with --nix-cache read',
        )
      }
      options.access.demand(request, 'import')
      return write(fileOf(request), request, reply, writer, options.bodies)
    })
  })
}

/** The file, or one that is not there if the client may not have this one. */
async function admitted(file: File, request: FastifyRequest, gate: PullGate): Promise<File> {
  if (file.kind !== 'narinfo' && file.kind !== 'archive') return file
  const { reference } = await gate.admit(request, { storeHash: file.hash, slug: undefined })
  return { ...file, hash: reference.storeHash }
}

async function read(
  asked: File,
  request: FastifyRequest,
  reply: FastifyReply,
  { nixCache: { reader, writer }, access, gate, compression }: NixCacheRoutes,
): Promise<FastifyReply> {
  gate.demandCredentials(request)
  const isTrusted = access.has(request, 'import')
  const file = await admitted(asked, request, gate)

  switch (file.kind) {
    case 'info':
      return sendText(request, reply, INFO_TYPE, CACHE_INFO)
    case 'narinfo': {
      const narinfo = await reader.narinfo(file.hash, isTrusted)
      return narinfo === undefined ? notThere(reply) : sendText(request, reply, NARINFO_TYPE, narinfo)
    }
    case 'archive': {
      const archive = await reader.archive(file.hash, file.narHash, isTrusted)
      if (archive === undefined) return notThere(reply)
      reply.header('vary', 'accept-encoding')
      const encoding =
        request.method === 'HEAD' || needsPlainBytes(request)
          ? undefined
          : chooseEncoding(compression, request.headers['accept-encoding'], addressOf(request), archive.size)
      const answered = answerPreconditions(request, reply, {
        opaque: `sha256:${file.narHash}`,
        isWeak: encoding !== undefined,
      })
      if (answered !== undefined) return answered
      reply.type(NAR_TYPE)
      if (encoding === undefined) reply.header('content-length', archive.size)
      else reply.header('content-encoding', encoding)
      if (request.method === 'HEAD') return reply.send()
      return sendStream(request, reply, archive.read(), encoding)
    }
    case 'upload': {
      // A client asks before it uploads; what was uploaded isn't handed out again.
      const isThere = isTrusted && writer?.uploads.has(parseUploadName(file.name)) === true
      return isThere && request.method === 'HEAD' ? reply.type(NAR_TYPE).send() : notThere(reply)
    }
    case 'listing':
    case 'unknown':
      return notThere(reply)
  }
}

async function write(
  file: File,
  request: FastifyRequest,
  reply: FastifyReply,
  { importer, uploads }: NixCacheWriter,
  bodies: BodiesFor,
): Promise<FastifyReply> {
  switch (file.kind) {
    case 'upload':
      await uploads.put(parseUploadName(file.name), requestBody(request))
      return done(reply)
    case 'narinfo': {
      assertNotEncoded(request)
      // Its room is given back before the import, which may take minutes.
      const text = await bodies(request).use(request, reply, async (bytes) => bytes.toString(), MAX_NARINFO)
      const path = await importer.import(file.hash, text)
      request.log.info({ path }, 'imported')
      return done(reply)
    }
    case 'listing':
      await passOver(requestBody(request))
      return done(reply)
    case 'info':
    case 'archive':
    case 'unknown':
      throw new RegistryError(
        'refused',
        'only archives (nar/…) of derivations and sources are taken, and their narinfo',
      )
  }
}

function fileOf(request: FastifyRequest): File {
  const path = pathOf(request.raw.url)
  const name = path.slice(path.indexOf(PREFIX) + PREFIX.length).replace(/^\/+/, '')
  if (name === 'nix-cache-info') return { kind: 'info' }
  const [, narinfo = ''] = /^([^/]+)\.narinfo$/.exec(name) ?? []
  const hash = parseStoreHash(narinfo)
  if (hash !== undefined) return { kind: 'narinfo', hash }
  const [, archiveOf = '', digits = ''] = /^nar\/([^/-]+)-([^/-]+)\.nar$/.exec(name) ?? []
  const [archiveHash, narHash] = [parseStoreHash(archiveOf), parseBase32Sha256(digits)]
  if (archiveHash !== undefined && narHash !== undefined) {
    return { kind: 'archive', hash: archiveHash, narHash }
  }
  const [, upload] = /^nar\/([^/]+)$/.exec(name) ?? []
  if (upload !== undefined) return { kind: 'upload', name: upload }
  return /^[^/]+\.ls$/.test(name) ? { kind: 'listing' } : { kind: 'unknown' }
}

function sendText(request: FastifyRequest, reply: FastifyReply, type: string, text: string): FastifyReply {
  const bytes = Buffer.from(text)
  return sendBytes(request, reply, type, bytes, digestOf(bytes))
}

/** Not an error and not logged: a client asks for every path that it needs, wherever it may be. */
function notThere(reply: FastifyReply): FastifyReply {
  return reply.code(404).type('text/plain; charset=utf-8').send('not here, or not for everybody\n')
}

function done(reply: FastifyReply): FastifyReply {
  return reply.code(200).header('content-length', 0).send()
}
