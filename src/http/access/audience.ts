/** Decides what a client may see of a failure: who may read logs, and who may know what the store holds. */
import type { FastifyRequest } from 'fastify'
import type { RegistryError } from '../../core/errors/errors.ts'
import type { Audience } from '../error-table.ts'
import type { LoopbackTrust } from './loopback-trust.ts'
import { hasToken, type Token } from './token.ts'

export type Access = { readonly token: Token | undefined; readonly loopback: LoopbackTrust }

/** Somebody on this machine, or somebody with the token: they may read the same in the log of a build. */
export function mayRead(request: FastifyRequest, { token, loopback }: Access): boolean {
  return loopback.isLocal(request) || hasToken(request, token)
}

/**
 * The token is asked only where it makes a difference, since a wrong one counts as a guess. Whether a path is there is
 * for its owner alone: on a node, containerd asks from loopback for everybody who can create a Pod.
 */
export function audienceOf(
  request: FastifyRequest,
  { kind, detail }: RegistryError,
  access: Access,
): Audience {
  const isHidden = kind === 'denied' || kind === 'name-unknown'
  return {
    mayKnow: isHidden && hasToken(request, access.token),
    mayRead:
      detail?.['reason'] !== undefined || detail?.['log'] !== undefined ? mayRead(request, access) : false,
  }
}
