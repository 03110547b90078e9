/**
 * `POST /check`: what pulls of these images would find, before anybody pulls. The body is that of `POST /warm`: Kubernetes
 * manifests, or `{"refs": […]}`. Whoever may pull may ask: it starts no work, so there is no token.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import pLimit from 'p-limit'
import { RegistryError } from '../core/errors.ts'
import type { ImageName } from '../core/image-name.ts'
import type { Registry } from '../registry/registry.ts'
import { INTERNAL_ERROR, errorReply } from './error-table.ts'
import { readBody, readWarmRequest } from './warm-body.ts'

/** `unsure`: Nix or a cache couldn't be asked, or not soon enough. */
type State = 'present' | 'fetchable' | 'buildable' | 'failed' | 'unknown' | 'unsure'

type Line = { readonly ref: string; readonly state: State; readonly message?: string }

/** Each is a question to Nix, and maybe to its caches. */
const AT_ONCE = 16

export function registerProspects(app: FastifyInstance, registry: Pick<Registry, 'prospect'>): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    // Read by the handler: whatever it is called, it is read as what it is.
    scope.addContentTypeParser('*', async (_request: FastifyRequest, body: unknown) => body)
    scope.post('/check', async (request, reply) => {
      const body = await readBody(request.raw).catch((error: unknown) => {
        reply.header('connection', 'close')
        throw error
      })
      const hosts = new URL(request.url, 'http://registry').searchParams.getAll('host')
      const asked = await readWarmRequest(body.toString(), [request.host, ...hosts])
      const limit = pLimit(AT_ONCE)
      const found = await Promise.all(
        asked.images.map((image) => limit(async () => ask(registry, image, request))),
      )
      const images = [...asked.malformed.map(({ name, error }) => lineOf(name, 'unknown', error)), ...found]
      return reply.header('cache-control', 'no-store').send({ images, foreign: asked.foreign })
    })
  })
}

async function ask(
  registry: Pick<Registry, 'prospect'>,
  { name, reference, selector }: ImageName,
  request: FastifyRequest,
): Promise<Line> {
  try {
    const found = await registry.prospect(reference, selector)
    if (!('error' in found)) return { ref: name, state: found.kind }
    const { kind, message, detail } = found.error
    request.log[errorReply(found.error).log](
      { ref: name, kind, reason: message, ...detail },
      'no pull of this',
    )
    return lineOf(name, found.kind, found.error)
  } catch (error) {
    request.log.warn({ ref: name, err: error }, 'nobody knows what a pull would find')
    return lineOf(name, 'unsure', error)
  }
}

/** With what a pull would be told. */
function lineOf(ref: string, state: State, error: unknown): Line {
  const { body } = error instanceof RegistryError ? errorReply(error) : INTERNAL_ERROR
  const { errors } = JSON.parse(body.toString()) as {
    readonly errors: readonly { readonly message: string }[]
  }
  return { ref, state, message: errors[0]?.message ?? '' }
}
