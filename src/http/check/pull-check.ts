/**
 * `POST /check`: what pulls of these images would find, before anybody pulls. The body is that of `POST /warm`:
 * Kubernetes manifests, or `{"refs": […]}`. Every client that may pull may ask: a check starts no work, so it needs no
 * token.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import pLimit from 'p-limit'
import { RegistryError } from '../../core/errors/errors.ts'
import type { ImageName } from '../../core/oci/image-name.ts'
import type { Registry } from '../../registry/registry.ts'
import { INTERNAL_ERROR, OPERATOR, PUBLIC, errorReply, type Audience } from '../error-table.ts'
import { mayRead, type Access } from '../access/access.ts'
import type { PullGate } from '../access/pull-gate.ts'
import type { BodiesFor } from '../connection/request-bodies.ts'
import { atEnd } from '../connection/response-end.ts'
import { readWarmRequest } from '../warm/warm-body.ts'

/** `unsure`: Nix or a cache couldn't be asked, or not soon enough. */
type State = 'present' | 'fetchable' | 'buildable' | 'failed' | 'unknown' | 'unsure'

type Line = { readonly ref: string; readonly state: State; readonly message?: string }

/** The most images of one request. Each is a question to Nix, and perhaps to its caches. */
const AT_ONCE = 16
/** Requests that ask at once: pulls ask the same Nix. */
const MAX_CHECKS = 32

export type CheckOptions = {
  readonly registry: Pick<Registry, 'checkPull'>
  readonly bodies: BodiesFor
  readonly access: Access
  readonly gate: PullGate
}

export function registerPullCheck(
  app: FastifyInstance,
  { registry, bodies, access, gate }: CheckOptions,
): void {
  let underWay = 0
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    // The handler reads the body, and ignores its content type.
    scope.addContentTypeParser('*', async (_request: FastifyRequest, body: unknown) => body)
    scope.post('/check', async (request, reply) => {
      access.demand(request, 'pull')
      const { images, malformed, foreign } = await readWarmRequest(request, reply, bodies(request))
      if (underWay >= MAX_CHECKS)
        throw new RegistryError('busy', 'too many checks are made at once: ask again')
      underWay += 1
      try {
        // Whether a client is told why there is no such path, and what a builder printed.
        const audience = mayRead(request, access) ? OPERATOR : PUBLIC
        const found = await askAll(registry, images, { request, reply, audience, gate })
        const lines = [
          ...malformed.map(({ name, error }) => lineOf(name, 'unknown', error, audience)),
          ...found,
        ]
        return await reply.header('cache-control', 'no-store').send({ images: lines, foreign })
      } finally {
        underWay -= 1
      }
    })
  })
}

type Client = {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly audience: Audience
  readonly gate: PullGate
}

/** Ends early for a client that leaves. */
async function askAll(
  registry: Pick<Registry, 'checkPull'>,
  images: readonly ImageName[],
  client: Client,
): Promise<readonly Line[]> {
  const limit = pLimit(AT_ONCE)
  let isGone = false
  atEnd(client.reply.raw, () => (isGone = true))
  const lines = images.map((image) => limit(async () => (isGone ? undefined : ask(registry, image, client))))
  return (await Promise.all(lines)).filter((line) => line !== undefined)
}

async function ask(
  registry: Pick<Registry, 'checkPull'>,
  { name, reference: asked, selector }: ImageName,
  { request, audience, gate }: Client,
): Promise<Line> {
  try {
    const { reference, restore } = await gate.admit(request, asked, selector)
    const found = await registry.checkPull(reference, selector).catch((error: unknown) => {
      throw restore(error)
    })
    if (found.kind !== 'failed' && found.kind !== 'unknown') return { ref: name, state: found.kind }
    const error = restore(found.error)
    if (!(error instanceof RegistryError)) throw error
    const { kind, message, detail } = error
    request.log[errorReply(error).log]({ ref: name, kind, reason: message, ...detail }, 'no pull of this')
    return lineOf(name, found.kind, error, audience)
  } catch (error) {
    request.log.warn({ ref: name, err: error }, 'nobody knows what a pull would find')
    return lineOf(name, 'unsure', error, audience)
  }
}

/** With what a pull would be told. */
function lineOf(ref: string, state: State, error: unknown, audience: Audience): Line {
  const { body } = error instanceof RegistryError ? errorReply(error, audience) : INTERNAL_ERROR
  const { errors } = JSON.parse(body.toString()) as {
    readonly errors: readonly { readonly message: string }[]
  }
  return { ref, state, message: errors[0]?.message ?? '' }
}
