/** Decides what a client may see of a failure: who may read logs, and who may know what the store holds. */
import type { FastifyRequest } from 'fastify'
import type { RegistryError } from '../../core/errors/errors.ts'
import type { Audience } from '../error-table.ts'
import { mayRead, type Access } from './access.ts'

/**
 * Credentials are asked only where they make a difference, since wrong ones count as a guess. Whether a path is there
 * is for its owner alone: on a node, containerd asks from loopback for everybody who can create a Pod.
 */
export function audienceOf(
  request: FastifyRequest,
  { kind, detail }: RegistryError,
  access: Access,
): Audience {
  const isHidden = kind === 'denied' || kind === 'name-unknown'
  return {
    mayKnow: isHidden && access.has(request, 'admin'),
    mayRead:
      detail?.['reason'] !== undefined || detail?.['log'] !== undefined ? mayRead(request, access) : false,
  }
}
