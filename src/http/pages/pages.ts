/**
 * Pages about images, for people: `GET /` lists images, `GET /images/<hash>` shows one.
 *
 * Who may pull an image may read its page, since everything on it follows from what is pulled. So a page is asked from
 * the registry as a pull is: what may not be pulled is the same 404, and what isn't there yet is fetched or built. The
 * list tells which images there are, so it is for those who may read builds (see builds.ts).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { digestOf } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Reference } from '../../core/oci/reference.ts'
import { documentBytes } from '../../insight/document-bytes.ts'
import { DOCUMENT_TYPE } from '../../insight/document-types.ts'
import type { KnownImage } from '../../registry/known-image.ts'
import { hostOf } from '../access/client.ts'
import { demandLocalOr, type Access } from '../access/access.ts'
import type { PullGate } from '../access/pull-gate.ts'
import { audienceOf } from '../access/audience.ts'
import { registerErrorForm } from '../errors.ts'
import { sendBytes } from '../pull/conditional.ts'
import { queryOf } from '../request-target.ts'
import { imageUrl, parseImageAddress, type ImageAddress } from './image/image-address.ts'
import type { PageOfImage } from './image/image-page.ts'
import { imagesPage } from './images-page.ts'
import type { PageImage } from './page-image.ts'
import { sendPage } from './send-page.ts'

export type PagesOptions = {
  readonly access: Access
  readonly gate: PullGate
  readonly listImages: () => Promise<readonly KnownImage[]>
  /** @throws RegistryError of any kind, as a pull does. */
  readonly imageOf: (reference: Reference, tag: string, platform?: string) => Promise<PageImage>
}

const READ = ['GET', 'HEAD']
/** Documents of an image, by the end of their address. Media types: IANA. */
const DOCUMENTS = {
  'sbom.cdx.json': {
    type: DOCUMENT_TYPE.cyclonedx,
    bytes: async ({ inventory }) => {
      const { cyclonedx } = await import('../../insight/sbom/cyclonedx.ts')
      return documentBytes(cyclonedx(inventory))
    },
  },
  'sbom.spdx.json': {
    type: DOCUMENT_TYPE.spdx,
    bytes: async ({ inventory }) => {
      const { spdx } = await import('../../insight/sbom/spdx.ts')
      return documentBytes(spdx(inventory))
    },
  },
  'vulnerabilities.sarif.json': { type: DOCUMENT_TYPE.sarif, bytes: ({ reports }) => reports?.sarif() },
  'vulnerabilities.openvex.json': {
    type: DOCUMENT_TYPE.openvex,
    bytes: ({ reports }) => reports?.openvex(),
  },
  'provenance.intoto.json': {
    type: DOCUMENT_TYPE.provenance,
    bytes: ({ provenance }) => provenance?.statement(),
  },
} as const satisfies Record<
  string,
  { type: string; bytes: (image: PageImage) => Uint8Array | Promise<Uint8Array> | undefined }
>

type ImageRoute = { Params: { name: string } }

export function registerPages(app: FastifyInstance, options: PagesOptions): void {
  void app.register(async (scope) => {
    registerErrorForm(scope, 'page', (request, refusal) => audienceOf(request, refusal, options.access))
    registerRoutes(scope, options)
  })
}

function registerRoutes(app: FastifyInstance, options: PagesOptions): void {
  app.route({
    method: READ,
    url: '/',
    handler: async (request, reply) => {
      demandReader(request, options)
      const query = queryOf(request.raw.url)
      return sendPage(
        request,
        reply,
        imagesPage(await visibleImages(request, options), {
          search: query.get('q') ?? '',
          asked: query.get('page'),
        }),
      )
    },
  })
  // The same list for programs.
  app.route({
    method: READ,
    url: '/images.json',
    handler: async (request, reply) => {
      demandReader(request, options)
      const images = (await visibleImages(request, options)).map(({ root, pulledMs }) => ({
        path: root,
        ...(pulledMs === undefined ? {} : { pulled: new Date(pulledMs).toISOString() }),
      }))
      return sendDocument(request, reply, 'application/json', documentBytes({ images }))
    },
  })
  // Where the form goes that takes the name of an image.
  app.route({
    method: READ,
    url: '/images',
    handler: async (request, reply) => {
      const name = queryOf(request.raw.url).get('name')
      const location = name === null ? '/' : imageUrl(parseImageAddress(name))
      return reply.code(303).header('location', location).header('content-length', 0).send()
    },
  })
  app.route<ImageRoute>({
    method: READ,
    url: '/images/:name',
    handler: async (request, reply) => {
      const page = await imageIn(request, request.params.name, options)
      const { chosenPage } = await import('./image/chosen-page.ts')
      const other = (address: ImageAddress) => pageOf(request, address, options)
      return sendPage(request, reply, await chosenPage(page, queryOf(request.raw.url), other))
    },
  })
  for (const [name, { type, bytes }] of Object.entries(DOCUMENTS))
    app.route<ImageRoute>({
      method: READ,
      url: `/images/:name/${name}`,
      handler: async (request, reply) => {
        const { image } = await imageIn(request, request.params.name, options)
        return sendDocument(request, reply, type, await bytes(image))
      },
    })
}

async function imageIn(request: FastifyRequest, name: string, options: PagesOptions): Promise<PageOfImage> {
  return pageOf(request, parseImageAddress(name, queryOf(request.raw.url)), options)
}

async function pageOf(
  request: FastifyRequest,
  address: ImageAddress,
  { gate, imageOf }: PagesOptions,
): Promise<PageOfImage> {
  const { reference, restore } = await gate.admit(request, address.reference, {
    kind: 'tag',
    tag: address.tag,
  })
  const image = await imageOf(reference, address.tag, address.platform).catch((error: unknown) => {
    throw restore(error)
  })
  return {
    address,
    image,
    host: hostOf(request),
  }
}

/** @throws RegistryError `not-found` for an image without this document. */
function sendDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  type: string,
  bytes: Uint8Array | undefined,
): FastifyReply {
  if (bytes === undefined) throw new RegistryError('not-found', 'the image has no such document')
  reply.header('cache-control', 'no-cache').header('x-content-type-options', 'nosniff')
  return sendBytes(request, reply, type, bytes, digestOf(bytes))
}

/** @throws RegistryError `unauthorized`, `too-many-guesses`. */
function demandReader(request: FastifyRequest, { access }: PagesOptions): void {
  demandLocalOr(request, access, 'insights')
}

/** The images of the list that the client may pull. */
async function visibleImages(
  request: FastifyRequest,
  { gate, listImages }: PagesOptions,
): Promise<readonly KnownImage[]> {
  return (await listImages()).filter(({ root }) => gate.maySee(request, root))
}
