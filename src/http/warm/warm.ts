/**
 * `POST /warm`: makes images ahead of their pulls, for clients with the token. The answer is one JSON line for each
 * thing that happens to an image, until all are ready or failed; a client that leaves ends the telling and not the
 * work. With `?wait=false` it is one document, of what was begun. `?host=` names a host that manifests call the
 * registry by, beside `nix.internal` and the one that the request went to.
 */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Registry } from '../../registry/registry.ts'
import { beginWarmUp, warmUp, type WarmEvent } from '../../registry/work/warm-up.ts'
import { INTERNAL_ERROR, OPERATOR, errorReply } from '../error-table.ts'
import type { BodiesFor } from '../connection/request-bodies.ts'
import type { Access } from '../access/access.ts'
import type { PullGate } from '../access/pull-gate.ts'
import { readWarmRequest, type WarmRequest } from './warm-body.ts'

export type WarmOptions = {
  readonly registry: Registry
  readonly access: Access
  readonly gate: PullGate
  readonly bodies: BodiesFor
}

/** JSON Lines; no such type is registered, and this is the one that tools know. */
const LINES_TYPE = 'application/x-ndjson'

export function registerWarm(app: FastifyInstance, { registry, access, gate, bodies }: WarmOptions): void {
  const closing = new AbortController()
  void app.register(async (scope) => {
    // A server that stops waits for its requests; these may take hours.
    scope.addHook('preClose', async () => closing.abort())
    scope.removeAllContentTypeParsers()
    // The handler reads the body, and ignores its content type.
    scope.addContentTypeParser('*', async (_request: FastifyRequest, body: unknown) => body)
    scope.post('/warm', {
      onRequest: async (request, reply) => {
        try {
          access.demand(request, 'warm')
        } catch (error) {
          // The body isn't read, so the connection can't serve another request.
          reply.header('connection', 'close')
          throw error
        }
      },
      handler: async (request, reply) => {
        const query = new URL(request.url, 'http://registry').searchParams
        const asked = await readWarmRequest(request, reply, bodies(request))
        const images = { manifest: admittedManifest(request, registry, gate) }
        return query.get('wait') === 'false'
          ? begin(request, reply, images, asked)
          : stream(request, reply, images, asked, closing.signal)
      },
    })
  })
}

/** As the registry's, of images that the client may pull. */
function admittedManifest(
  request: FastifyRequest,
  registry: Pick<Registry, 'manifest'>,
  gate: PullGate,
): Registry['manifest'] {
  return async (asked, selector) => {
    const { reference, restore } = await gate.admit(request, asked, selector)
    return registry.manifest(reference, selector).catch((error: unknown) => {
      throw restore(error)
    })
  }
}

async function begin(
  request: FastifyRequest,
  reply: FastifyReply,
  registry: Pick<Registry, 'manifest'>,
  { images, malformed, foreign }: WarmRequest,
): Promise<FastifyReply> {
  const events = await beginWarmUp(registry, images)
  const lines = [
    ...malformed.map(({ name, error }) => failureLine(name, error, request)),
    ...events.map((event) => lineOf(event, request)),
  ]
  return reply.code(202).send({ images: lines, foreign })
}

function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  registry: Pick<Registry, 'manifest'>,
  { images, malformed, foreign }: WarmRequest,
  closing: AbortSignal,
): FastifyReply {
  const left = new AbortController()
  const signal = AbortSignal.any([left.signal, closing])
  const lines = new PassThrough()
  lines.once('close', () => left.abort())
  const write = async (line: object) => {
    if (lines.destroyed || lines.write(`${JSON.stringify(line)}\n`)) return
    await once(lines, 'drain', { signal }).catch(() => undefined)
  }
  const counts = { ready: 0, failed: malformed.length, waiting: 0 }
  const run = async () => {
    // At once, so that the client sees that something happens.
    await write({ state: 'begun', images: images.length + malformed.length, foreign })
    for (const { name, error } of malformed) await write(failureLine(name, error, request))
    const tell = async (event: WarmEvent) => {
      if (event.kind !== 'waiting') counts[event.kind] += 1
      await write(lineOf(event, request))
    }
    await warmUp(registry, images, tell, signal)
    const waiting = images.length + malformed.length - counts.ready - counts.failed
    await write({ state: 'done', ...counts, waiting, foreign })
    lines.end()
  }
  run().catch((error: unknown) => lines.destroy(error instanceof Error ? error : new Error(String(error))))
  // What stands between must not collect the lines.
  return reply
    .type(LINES_TYPE)
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .send(lines)
}

function lineOf(event: WarmEvent, request: FastifyRequest): object {
  const { name } = event.image
  switch (event.kind) {
    case 'ready':
      return { ref: name, state: 'ready', digest: event.digest }
    case 'waiting':
      return { ref: name, state: 'waiting', ...(event.error === undefined ? {} : documentOf(event.error)) }
    case 'failed':
      return failureLine(name, event.error, request)
  }
}

/** Logged here, where it is answered. */
function failureLine(name: string, error: unknown, request: FastifyRequest): object {
  if (error instanceof RegistryError) {
    const { kind, message, detail } = error
    request.log[errorReply(error).log]({ ref: name, kind, reason: message, ...detail }, 'warm-up failed')
  } else request.log.error({ ref: name, err: error }, 'warm-up failed')
  return { ref: name, state: 'failed', ...documentOf(error) }
}

/** As the body of a refused pull: `{ errors: [{ code, message, detail }] }`. */
function documentOf(error: unknown): object {
  const { body } = error instanceof RegistryError ? errorReply(error, OPERATOR) : INTERNAL_ERROR
  return JSON.parse(body.toString()) as object
}
