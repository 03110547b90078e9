/** The style, scripts and icon of the pages: files of web/, read once at start and served below /web/. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'
import { digestOf, type Digest } from '../../core/oci/digest.ts'
import { sendBytes } from '../pull/conditional.ts'

const TYPES = {
  'pages.css': 'text/css; charset=utf-8',
  'graph.js': 'text/javascript; charset=utf-8',
  'build.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const

type WebFile = { readonly type: string; readonly bytes: Buffer; readonly digest: Digest }
export type WebFiles = ReadonlyMap<string, WebFile>

/** @throws RegistryError `unavailable` for an incomplete installation. */
export function readWebFiles(directory: string): WebFiles {
  return new Map(
    Object.entries(TYPES).map(([name, type]) => {
      try {
        const bytes = readFileSync(join(directory, name))
        return [name, { type, bytes, digest: digestOf(bytes) }]
      } catch (cause) {
        throw new RegistryError('unavailable', `no file ${name} in ${directory}: install pushless again`, {
          cause,
        })
      }
    }),
  )
}

export function registerWebFiles(app: FastifyInstance, files: WebFiles): void {
  app.route<{ Params: { name: string } }>({
    method: ['GET', 'HEAD'],
    url: '/web/:name',
    handler: async (request, reply) => {
      const file = files.get(request.params.name)
      if (file === undefined) throw new RegistryError('not-found', 'no such file')
      reply
        // Another version of the server has other files of the same name.
        .header('cache-control', 'no-cache')
        .header('x-content-type-options', 'nosniff')
        .header('cross-origin-resource-policy', 'same-origin')
      return sendBytes(request, reply, file.type, file.bytes, file.digest)
    },
  })
}
