/** Answers 304 and 412, and entity tags, for every route whose answers may be kept (RFC 9110, section 13). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Digest } from '../../core/oci/digest.ts'
import type { Selector } from '../../core/oci/route.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import {
  entityTagText,
  evaluatePreconditions,
  isRangeWanted,
  type EntityTag,
  type Preconditions,
} from '../../core/oci/preconditions.ts'
import { LAYERS_HEADER } from './wanted-form.ts'

/**
 * Sets the ETag, and answers if the preconditions say so.
 * @param reply has its Vary and Cache-Control already, which 304 repeats (15.4.5).
 * @returns nothing where the request is to be performed.
 * @throws RegistryError `precondition-failed`.
 */
export function answerPreconditions(
  request: FastifyRequest,
  reply: FastifyReply,
  tag: EntityTag,
): FastifyReply | undefined {
  reply.header('etag', entityTagText(tag))
  switch (evaluatePreconditions(preconditionsOf(request), tag)) {
    case 'perform':
      return undefined
    case 'not-modified':
      return reply.code(304).send()
    case 'failed':
      throw new RegistryError('precondition-failed', 'If-Match: what is here has another entity tag')
  }
}

/** Sends what is short and at hand, with the digest of its bytes as its entity tag. */
export function sendBytes(
  request: FastifyRequest,
  reply: FastifyReply,
  mediaType: string,
  bytes: Uint8Array,
  digest: Digest,
): FastifyReply {
  const answered = answerPreconditions(request, reply, { opaque: digest, isWeak: false })
  if (answered !== undefined) return answered
  reply.header('content-type', mediaType).header('content-length', bytes.length)
  return request.method === 'HEAD' ? reply.send() : reply.send(bytes)
}

/** The request headers that the answer for a manifest depends on. */
export function varyOf({ kind }: Selector): string {
  return kind === 'tag' ? `accept, ${LAYERS_HEADER}` : 'accept'
}

/** The Range that counts: only of GET (14.2), and only while If-Range agrees. */
export function rangeOf(request: FastifyRequest, tag: EntityTag): string | undefined {
  if (request.method !== 'GET' || !isRangeWanted(preconditionsOf(request), tag)) return undefined
  return request.headers.range
}

/**
 * Whether only the plain bytes will do: offsets count in them, and so does a strong validator, which an encoded answer
 * hasn't.
 */
export function needsPlainBytes({ headers }: FastifyRequest): boolean {
  return headers.range !== undefined || headers['if-match'] !== undefined
}

function preconditionsOf({ headers }: FastifyRequest): Preconditions {
  return {
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    ifRange: headers['if-range'] as string | undefined,
  }
}
