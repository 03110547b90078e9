/** Sends a page of HTML, with the policy that keeps it to itself. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { markupBytes, type Markup } from './markup.ts'
import { PAGE_HEADERS } from './page-frame.ts'

export function sendPage(request: FastifyRequest, reply: FastifyReply, page: Markup): FastifyReply {
  const bytes = markupBytes(page)
  reply
    .headers(PAGE_HEADERS)
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-length', bytes.length)
    .header('cache-control', 'no-store')
    .header('vary', 'accept')
  return request.method === 'HEAD' ? reply.send() : reply.send(bytes)
}
