/** Reads the body of `POST /warm` and `POST /check`: Kubernetes manifests, or `{"refs": ["…"]}`. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'
import type { ImageName } from '../../core/oci/image-name.ts'
import { readReferenceList, type ImageList } from '../check/image-list.ts'
import { readBody } from '../check/read-body.ts'
import { hostOf } from '../access/client.ts'
import type { RequestBodies } from '../connection/request-bodies.ts'

export type WarmRequest = {
  readonly images: readonly ImageName[]
  /** Names that can't be pulled. */
  readonly malformed: readonly { readonly name: string; readonly error: RegistryError }[]
  /** How many images of other registries there are. */
  readonly foreign: number
}

/** A list of references is shorter; so is read at once, on the main thread. */
const MAX_LIST_BYTES = 300_000
/** Names of one server. Each is compared with every text in the manifests. */
const MAX_HOSTS = 16

/**
 * Reads the body of a request, and ignores its content type.
 * @param bodies whose limits hold for this client.
 * @throws RegistryError `manifest-invalid` for what is broken, too much, or names no image at all; those of `bodies`.
 */
export async function readWarmRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  bodies: RequestBodies,
): Promise<WarmRequest> {
  const query = new URL(request.url, 'http://registry').searchParams
  const hosts = [hostOf(request), ...query.getAll('host')]
  if (hosts.length > MAX_HOSTS)
    throw new RegistryError('manifest-invalid', `more than ${MAX_HOSTS - 1} hosts in the query`)
  const { images, malformed, foreign } = await bodies.use(request, reply, (bytes) => listIn(bytes, hosts))
  return {
    images,
    malformed: malformed.map(({ name, kind, message, detail }) => ({
      name,
      error: new RegistryError(kind, message, { detail }),
    })),
    foreign,
  }
}

async function listIn(bytes: Buffer, hosts: readonly string[]): Promise<ImageList> {
  const list = bytes.length <= MAX_LIST_BYTES ? readReferenceList(bytes.toString()) : undefined
  return list ?? readBody(bytes, hosts)
}
