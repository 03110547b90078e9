/** The services of AWS that give temporary credentials: STS, the container endpoint, and the machine's metadata. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Scope } from './scope.ts'

export type Keys = { readonly id: string; readonly secret: string; readonly expiresMs: number }

export type AwsServices = {
  readonly url: string
  /** Requests so far, as `METHOD path`. */
  readonly requests: string[]
  /** What is given from now on; nothing for errors. */
  give(keys: Keys | undefined): void
}

export const WEB_TOKEN = 'token of the service account'
export const POD_TOKEN = 'token of the Pod'
const MACHINE_TOKEN = 'token of the machine'
const ROLE_PATH = '/latest/meta-data/iam/security-credentials/'

export async function startAwsServices(scope: Scope, given: Keys): Promise<AwsServices> {
  let keys: Keys | undefined = given
  const requests: string[] = []
  const answer = async (request: IncomingMessage): Promise<string | undefined> => {
    const { method, url = '', headers } = request
    requests.push(`${method} ${url}`)
    const body = new URLSearchParams(await text(request))
    if (keys === undefined) return undefined
    const { id, secret, expiresMs } = keys
    const expires = new Date(expiresMs).toISOString()
    const json = JSON.stringify({ AccessKeyId: id, SecretAccessKey: secret, Expiration: expires })
    switch (`${method} ${url}`) {
      case 'POST /':
        if (body.get('Action') !== 'AssumeRoleWithWebIdentity' || body.get('WebIdentityToken') !== WEB_TOKEN)
          return undefined
        return `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
          <AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>t</SessionToken>
          <Expiration>${expires}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
          </AssumeRoleWithWebIdentityResponse>`
      case 'GET /v1/credentials':
        return headers.authorization === POD_TOKEN ? json : undefined
      case 'PUT /latest/api/token':
        return headers['x-aws-ec2-metadata-token-ttl-seconds'] === undefined ? undefined : MACHINE_TOKEN
      case `GET ${ROLE_PATH}`:
        return headers['x-aws-ec2-metadata-token'] === MACHINE_TOKEN ? 'role' : undefined
      case `GET ${ROLE_PATH}role`:
        return headers['x-aws-ec2-metadata-token'] === MACHINE_TOKEN ? json : undefined
      default:
        return undefined
    }
  }
  const server = createServer(
    (request, response) =>
      void answer(request).then((content) =>
        response.writeHead(content === undefined ? 401 : 200).end(content),
      ),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => (server.close(), server.closeAllConnections()))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}`, requests, give: (next) => (keys = next) }
}
