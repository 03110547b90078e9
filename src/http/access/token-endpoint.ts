/**
 * `/token` gives a short-lived token for credentials, as clients of registries ask for one: GET with Basic credentials
 * (Docker, podman, skopeo), POST with a form (containerd; OAuth 2, RFC 6749 section 4.3). Without credentials it gives
 * one for what anonymous clients may do.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Subject } from '../../access/subject.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { BodiesFor } from '../connection/request-bodies.ts'
import { checkCredentials, type AuthenticationOptions } from './authentication.ts'
import { clientOf } from './client.ts'

const MAX_FORM_BYTES = 20_000

export type TokenEndpointOptions = AuthenticationOptions & { readonly bodies: BodiesFor }

export function registerTokenEndpoint(app: FastifyInstance, options: TokenEndpointOptions): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    // The handler reads the body.
    scope.addContentTypeParser('*', async (_request: FastifyRequest, body: unknown) => body)
    scope.get('/token', async (request, reply) => {
      const { subject } = clientOf(request)
      if (subject.kind !== 'anonymous') return sendToken(reply, subject, Infinity, options)
      // Docker asks without credentials first, and Basic is how it may send them then.
      if (subject.rights.size > 0) return sendToken(reply, subject, Infinity, options)
      throw new RegistryError('unauthorized', 'a token needs credentials')
    })
    scope.post('/token', async (request, reply) => {
      const form = await options
        .bodies(request)
        .use(request, reply, async (bytes) => new URLSearchParams(bytes.toString()), MAX_FORM_BYTES)
      const [grant, user, password] = ['grant_type', 'username', 'password'].map(
        (name) => form.get(name) ?? '',
      )
      const refresh = form.get('refresh_token') ?? ''
      if (grant === 'password')
        return sendFor(request, reply, { kind: 'basic', user: user ?? '', password: password ?? '' }, options)
      // Docker keeps what `docker login` got, and kubelet's providers send tokens as `<token>`.
      if (grant === 'refresh_token' && refresh !== '')
        return sendFor(request, reply, { kind: 'bearer', token: refresh }, options)
      throw new RegistryError('malformed', 'grant_type: expected password or refresh_token')
    })
  })
}

async function sendFor(
  request: FastifyRequest,
  reply: FastifyReply,
  credentials: Parameters<typeof checkCredentials>[1],
  options: TokenEndpointOptions,
): Promise<FastifyReply> {
  const { subject, expiresAt } = await checkCredentials(request, credentials, options)
  return sendToken(reply, subject, expiresAt, options)
}

async function sendToken(
  reply: FastifyReply,
  subject: Subject,
  expiresAt: number,
  { authenticator }: TokenEndpointOptions,
): Promise<FastifyReply> {
  const { token, seconds, issuedAt } = await authenticator.issue(subject, expiresAt)
  const body = { token, access_token: token, expires_in: seconds, issued_at: issuedAt.toISOString() }
  return reply
    .header('cache-control', 'no-store')
    .type('application/json')
    .send(Buffer.from(JSON.stringify(body)))
}
